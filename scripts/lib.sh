# lib.sh - what the scripts share: Debian's packages, temporary folders, parts
# with their minutes. Sourced by bash; runs nothing by itself.
# shellcheck shell=bash

# The names of Debian 12's packages, by what they are needed for.
PACKAGES_BUILD="cmake ninja-build gcc g++ libc6-dev pkg-config libinih-dev libsqlite3-dev nettle-dev libjansson-dev libzstd-dev liblmdb-dev"
PACKAGES_TEST="libcmocka-dev sqlite3 zstd python3 python3-pytest python3-pexpect python3-jsonschema python3-pytest-xdist patch git bash zsh fish groff-base mandoc"
PACKAGES_LINT="clang clang-format clang-tidy cppcheck shellcheck python3"
# What the scripts take into their hands directly.
export PACKAGES_BUILD PACKAGES_TEST PACKAGES_LINT

# The interpreter that Debian's pytest belongs to: another one may come first in PATH.
export PYTHON=/usr/bin/python3

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# packages_missing NAME...: prints those that are not installed.
packages_missing() {
	local name
	command -v dpkg-query >/dev/null || return 0
	for name in "$@"; do
		case "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" in
		installed) ;;
		*) printf '%s ' "$name" ;;
		esac
	done
}

# packages_need NAME...: installs what is missing when we are root; otherwise says
# what to install and ends.
packages_need() {
	local missing
	read -ra missing <<<"$(packages_missing "$@")"
	[ "${#missing[@]}" -eq 0 ] && return 0
	if [ "$(id -u)" -ne 0 ]; then
		die "missing packages; install them: apt-get install ${missing[*]}"
	fi
	say "installing ${missing[*]}"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update </dev/null >&2 || say "apt-get update failed; trying with the lists that are there"
	apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}" </dev/null >"${TMPDIR:-/tmp}/eloquent-apt.$$" 2>&1 || {
		tail -n 20 "${TMPDIR:-/tmp}/eloquent-apt.$$" >&2
		rm -f "${TMPDIR:-/tmp}/eloquent-apt.$$"
		die "apt-get install ${missing[*]} failed"
	}
	rm -f "${TMPDIR:-/tmp}/eloquent-apt.$$"
}

# tree_files: the files of the source tree, each ended by a zero byte: tracked
# and untracked ones that git does not ignore; without git everything but builds.
tree_files() {
	if git -c safe.directory='*' rev-parse --is-inside-work-tree >/dev/null 2>&1; then
		git -c safe.directory='*' ls-files -z --cached --others --exclude-standard |
			while IFS= read -r -d '' file; do
				if [ -e "$file" ] || [ -L "$file" ]; then printf '%s\0' "$file"; fi
			done | sort -zu
	else
		find . \( -name build -o -name .git -o -name __pycache__ -o -name .eloquent \) -prune -o \
			\( -type f -o -type l \) -printf '%P\0'
	fi
}

# part NAME COMMAND...: runs a part, keeps its output in $WORK/log/NAME, prints
# its closing lines, and its minutes. Returns the command's exit code.
PART_LINES=${PART_LINES:-3}
part() {
	local name=$1 log code seconds began=$SECONDS
	shift
	mkdir -p "$WORK/log"
	log="$WORK/log/${name//[ \/]/-}.txt"
	"$@" >"$log" 2>&1 </dev/null
	code=$?
	seconds=$((SECONDS - began))
	printf '== %s: %s, %d.%d min\n' "$name" "$([ "$code" -eq 0 ] && echo ok || echo FAILED)" \
		$((seconds / 60)) $((seconds % 60 / 6))
	if [ "$code" -eq 0 ]; then
		tail -n "$PART_LINES" "$log" | sed 's/^/   /'
	else
		tail -n "${PART_FAILED_LINES:-300}" "$log" | sed 's/^/   /'
	fi
	return "$code"
}
