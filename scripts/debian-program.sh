#!/bin/sh
# Installs a program of a newer Debian suite into a folder: <suite> <package> <program> <folder>. Needs no special rights and
# does not change the system: <folder>/<program> runs with the libraries and the loader of its own suite.
set -eu
umask 022
suite=$1 package=$2 program=$3 folder=$4
run=$folder/$program root=$folder/root
mkdir -p "$folder"
# Programs that another user may have put there must not run.
[ -O "$folder" ] && [ -O "$(dirname "$folder")" ] || { echo "$folder belongs to another user" >&2; exit 1; }

# One process installs and the others wait. The lock ends with the process that holds it.
exec 9>"$folder/lock"
flock 9
[ ! -x "$run" ] || exit 0
rm -rf "$root" "$folder/apt"
mkdir -p "$root" "$folder/apt/lists/partial" "$folder/apt/archives/partial"

# Use the mirror from which the system has its own packages.
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
uri=$(apt-get --no-release-info indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
  sed -n "s/^\($codename\|stable\) main //p" | head -n 1)
[ -n "$uri" ] || { echo "apt has no source for Debian's main packages" >&2; exit 1; }
signed=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$signed] $uri $suite main" >"$folder/apt/sources.list"

# Only package scripts need these, and no package script runs: claim that they are installed. The download then has only
# programs and libraries.
for there in adduser debconf init-system-helpers perl postgresql-common; do
  printf 'Package: %s\nStatus: install ok installed\nArchitecture: %s\nMulti-Arch: allowed\nVersion: 999\n\n' \
    "$there" "$(dpkg --print-architecture)"
done >"$folder/apt/status"

# Keep the system's settings, such as a proxy, except for its folders and for hooks that run after each call.
{
  apt-config dump | grep -Ev '^(Dir|DPkg|APT::Update)(::| )'
  cat <<CONF
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$folder/apt";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt";
Acquire::Languages "none";
Acquire::Retries "3";
CONF
} >"$folder/apt/apt.conf"
export APT_CONFIG="$folder/apt/apt.conf"
apt-get -q update
apt-get -qy --no-install-recommends --download-only install "$package"
for archive in "$folder"/apt/archives/*.deb; do dpkg -x "$archive" "$root"; done

loader=$(find "$root/usr/lib" "$root/lib" -name 'ld-linux*.so.*' -type f 2>/dev/null | head -n 1)
binary=$(find "$root/usr/bin" "$root/usr/sbin" -name "$program" 2>/dev/null | head -n 1)
[ -n "$loader" ] && [ -n "$binary" ] || { echo "$package of $suite has no $program" >&2; exit 1; }
rm -rf "$folder/apt" "$root/usr/share/doc" "$root/usr/share/locale"
cat >"$run.new" <<RUN
#!/bin/sh
exec "$loader" --library-path "$(dirname "$loader")" "$binary" "\$@"
RUN
chmod 755 "$run.new"
mv "$run.new" "$run"
