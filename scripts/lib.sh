# lib.sh - what the scripts share: Debian's packages, temporary folders, parts
# with their minutes. Sourced by bash; runs nothing by itself.
# shellcheck shell=bash

# The names of Debian 12's packages, by what they are needed for.
PACKAGES_BUILD="cmake ninja-build gcc g++ libc6-dev pkg-config libinih-dev libsqlite3-dev nettle-dev libjansson-dev libzstd-dev liblmdb-dev"
PACKAGES_TEST="libcmocka-dev sqlite3 zstd python3 python3-pytest python3-pexpect python3-jsonschema python3-pytest-xdist patch git bash zsh fish groff-base mandoc clang"
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

# unit_tests BUILD OPTION...: ctest on that build folder. What passed is not worth a
# line, what was left out is: `SKIPPED PROGRAM RULE: WHY`.
unit_tests() {
	local build=$1 code
	shift
	ctest "$@" --test-dir "$build" --output-on-failure -j 2 --timeout 600 | grep -vE '^ +Start +[0-9]+:| Passed +[0-9.]+ sec$'
	code=$?
	unit_skips "$build" || code=1
	return "$code"
}

# unit_skips BUILD: one line per rule that ctest's last run left out; 1 when one of them
# does not say why (tests/unit/skip.h).
unit_skips() {
	awk '
		/^[0-9]+\/[0-9]+ Test: / { program = $3 }
		/^SKIPPED [A-Za-z_0-9]+: / { told[program " " $2]; print "SKIPPED " program " " substr($0, 9) }
		/^\[  SKIPPED \] [A-Za-z_0-9]+$/ && !(program " " $4 ":" in told) {
			told[program " " $4 ":"]
			print "SKIPPED " program " " $4 ": it does not say why"
			silent = 1
		}
		END { exit silent }' "$1/Testing/Temporary/LastTest.log"
}

# part NAME COMMAND...: runs a part, keeps its output in $WORK/log/NAME, prints
# its closing lines, what it left out, and its minutes. Returns the command's exit code.
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
		awk -v most="$PART_LINES" '
			/^SKIPPED / { skipped[++left_out] = $0; next }
			{ line[++lines] = $0 }
			END {
				for (i = lines - most + 1; i <= lines; i++) if (i > 0) print "   " line[i]
				for (i = 1; i <= left_out; i++) print "   " skipped[i]
			}' "$log"
	else
		tail -n "${PART_FAILED_LINES:-300}" "$log" | sed 's/^/   /'
	fi
	return "$code"
}
