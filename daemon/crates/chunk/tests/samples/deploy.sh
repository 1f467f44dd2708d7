#!/usr/bin/env bash
#
# Puts the program on a host.
# Usage: deploy.sh HOST

set -euo pipefail

HOST="${1:-localhost}"
readonly RETRIES=3
export TIMEOUT=10

# Says something.
log() {
    local line="$1"
    echo "$line" >&2
}

function copy_files {
    for file in "$@"; do
        scp "$file" "$HOST:"
    done
}

function restart() (
    ssh "$HOST" <<'END'
systemctl restart program
END
)

main() {
    inner() { :; }
    log "deploying to $HOST"
    copy_files program.tar
    restart
}

main "$@"
