// In words that the versions it is there for can read: CommonJS, and no syntax of this decade.
const [least, have] = [require("../package.json").engines.node.replace(">=", ""), process.versions.node];
const [wanted, own] = [least.split(".").map(Number), have.split(".").map(Number)];

if (own[0] < wanted[0] || (own[0] === wanted[0] && own[1] < wanted[1])) {
  console.error(`sessionup: needs Node ${least} or newer, this is Node ${have}`);
  process.exit(1);
}
