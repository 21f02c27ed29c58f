#!/bin/sh
# all.sh SCRIPTS SSH_CONFIG PARALLEL: runs on every host the script that SCRIPTS has for it, a file
# named after its address. One session a host, no state: the limit of what SSH allows.
set -eu
scripts=$1 config=$2 parallel=$3

# shellcheck disable=SC2016 # the inner shell's
printf '%s\n' "$scripts"/* |
	xargs -P "$parallel" -I '{}' sh -c 'exec ssh -q -F "$1" "root@${2##*/}" sh -s <"$2"' - "$config" '{}'
