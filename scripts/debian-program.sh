#!/bin/sh
# Brings a program of a newer Debian into a folder: <suite> <package> <program> <folder>. Needs no rights, and leaves the
# system as it is: <folder>/<program> runs with its own suite's libraries, by its own suite's loader.
set -eu
umask 022
suite=$1 package=$2 program=$3 folder=$4
run=$folder/$program root=$folder/root
mkdir -p "$folder"
# What anybody could have put there is not run.
[ -O "$folder" ] && [ -O "$(dirname "$folder")" ] || { echo "$folder is somebody else's" >&2; exit 1; }

# One brings it, others wait; the lock ends with whoever holds it.
exec 9>"$folder/lock"
flock 9
[ ! -x "$run" ] || exit 0
rm -rf "$root" "$folder/apt"
mkdir -p "$root" "$folder/apt/lists/partial" "$folder/apt/archives/partial"

# From where the system has its own packages, wherever that is.
codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
uri=$(apt-get --no-release-info indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' |
  sed -n "s/^\($codename\|stable\) main //p" | head -n 1)
[ -n "$uri" ] || { echo "apt has no source of Debian's main packages" >&2; exit 1; }
signed=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$signed] $uri $suite main" >"$folder/apt/sources.list"

# What only scripts of packages need, which are not run, is there already: all that comes is programs and libraries.
for there in adduser debconf init-system-helpers perl postgresql-common; do
  printf 'Package: %s\nStatus: install ok installed\nArchitecture: %s\nMulti-Arch: allowed\nVersion: 999\n\n' \
    "$there" "$(dpkg --print-architecture)"
done >"$folder/apt/status"

# The system's settings, such as a proxy, but for its folders and for what it does after each run.
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
