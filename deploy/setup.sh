# Sourced by deploy/demo and tests/run: makes .venv with this checkout in it, and installs what the system lacks.
# Wants: $top (the checkout). Gives: $venv, and the functions need_packages and need_python.

venv=${NETCURTAIN_VENV:-$top/.venv}

say() { printf '\033[2m-- %s\033[0m\n' "$*" >&2; }

# need_packages COMMAND:PACKAGE … – installs the Debian package of each command that is not there.
need_packages() {
  local pair missing=()
  for pair in "$@"; do
    PATH=$PATH:/usr/sbin:/sbin command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null; then
    say "missing here: ${missing[*]} (Debian's names); install them with your package manager"
    return 1
  fi
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null && [ ! -t 0 ]; then
      say "missing here: ${missing[*]}; run: sudo apt-get install ${missing[*]}"
      return 1
    fi
    sudo=(sudo)
  fi
  say "installing ${missing[*]}"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
    { "${sudo[@]}" apt-get update -qq >/dev/null &&
      "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; } ||
    { say "could not install ${missing[*]}"; return 1; }
}

# Of the distribution's Python that part is a package of its own.
can_make_venv() {
  "$1" -c 'import ensurepip' 2>/dev/null || { [ "$1" = /usr/bin/python3 ] && need_packages no-such-command:python3-venv; }
}

# need_python EXTRAS – a virtual environment with the checkout and these extras, made anew when pyproject.toml changes.
need_python() {
  local extras=$1 stamp want made
  stamp=$venv/.netcurtain-$extras
  want=$(cksum <"$top/pyproject.toml")
  for made in "$venv"/.netcurtain-*"$extras"*; do  # one with more extras serves as well
    [ -x "$venv/bin/netcurtain" ] && [ "$(cat "$made" 2>/dev/null)" = "$want" ] && return 0
  done
  [ -x "$venv/bin/python" ] || make_venv || return 1
  say "installing what pyproject.toml names into it (about 10 s; on a Raspberry Pi a minute or two)"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable "$top[$extras]" || return 1
  printf '%s\n' "$want" >"$stamp"
}

make_venv() {
  local python
  # The distribution's own first: it is built to be fast, which those that people build for themselves seldom are.
  for python in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && can_make_venv "$python" || continue
    say "making a Python environment in $venv (once; about 5 s)"
    "$python" -m venv "$venv"
    return
  done
  say "Python 3.11 or newer is needed, with its module venv"
  return 1
}
