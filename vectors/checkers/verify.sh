#!/usr/bin/env bash
# Checks every vector with the openssl command and nothing else: verify.sh
# Prints "name<TAB>valid|invalid" for each, and exits 1 if a verdict is not the expected one.
# A shell cannot cut bytes out of JSON well, so it takes what was signed from vectors.tsv as given;
# "-" there means that a reader finds nothing to check and refuses before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bytes_of() { # The length of a signature by this key.
    case $1 in *-2048) echo 256 ;; *-3072) echo 384 ;; *-4096) echo 512 ;; esac
}

is_base64() {
    [[ $1 =~ ^[A-Za-z0-9+/]+={0,2}$ ]] && ((${#1} % 4 == 0))
}

# Writes the bytes of a signature to $work/signature: from base64, base64 of base64, or
# percent-encoded base64.
decode() {
    local text=$1 length=$2 turn
    [[ $text == *%* ]] && printf -v text '%b' "${text//%/\\x}"
    for turn in 1 2; do
        is_base64 "$text" || return 1
        openssl base64 -d -A <<<"$text" >"$work/signature"
        (($(wc -c <"$work/signature") == length)) && return 0
        text=$(tr -d '\0' <"$work/signature")
    done
    return 1
}

fits() {
    local key=$1 digest=$2 signed=$3 signature=$4
    [[ $signed != - && $signature != - ]] || return 1
    openssl base64 -d -A <<<"$signed" >"$work/signed"
    decode "$(openssl base64 -d -A <<<"$signature")" "$(bytes_of "$key")" || return 1
    [[ $digest == RSA2 ]] && digest=-sha256 || digest=-sha1
    openssl dgst "$digest" -verify "keys/$key.public.pem" -signature "$work/signature" \
        "$work/signed" >/dev/null 2>&1
}

differ=0
while IFS=$'\t' read -r name _ _ digest key expect _ signed signature; do
    [[ $name == name ]] && continue
    if fits "$key" "$digest" "$signed" "$signature"; then said=valid; else said=invalid; fi
    printf '%s\t%s\n' "$name" "$said"
    [[ $said == "$expect" ]] || differ=1
done <vectors.tsv
exit "$differ"
