// CommonJS without modern syntax: unsupported versions of Node must be able to run this file.
const [required, running] = [
  require("../package.json").engines.node.replace(">=", ""),
  process.versions.node,
];
const [wanted, own] = [required.split(".").map(Number), running.split(".").map(Number)];

if (own[0] < wanted[0] || (own[0] === wanted[0] && own[1] < wanted[1])) {
  console.error(`sessionup: needs Node ${required} or newer, this is Node ${running}`);
  process.exit(1);
}
