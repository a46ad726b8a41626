# SPDX-License-Identifier: BSD-2-Clause
#
# postern.bash - completion of postern's commands, options and values in bash
#
# Works alone and with bash-completion. tools/check-options compares the options here with what
# `postern COMMAND --help` says.
# shellcheck shell=bash

_postern_trace='--log --root --docroot --host --from --to --subject --ip --since --until --timezone
    --no-run --redact --explain --raw --json --color --help'
_postern_top='--log --root --by --rejected --since --until --timezone --limit --threads --redact
    --json --color --help'

_postern_ask='--client --helo --from --to --server --verified --offline --config --socket --json
    --color --help'
_postern_bans='--for --reason --config --socket --json --color --help'
_postern_setup='--layout --config --root --socket --timeout --apply --undo --no-selftest --json --color
    --help'
_postern_status='--config --socket --json --color --help'

# _postern_values OPTION WORD : complete the value of an option; status 1 if it takes none
_postern_values() {
    local values='' IFS=$' \t\n'
    case $1 in
        --log|--root|--docroot) _postern_files "$2"; return 0 ;;
        --by) values='script login user host sender subject recipient-domain' ;;
        --config|-c|--socket) _postern_files "$2"; return 0 ;;
        --layout) values='plain debian-split debian cpanel directadmin hestia' ;;
        --timeout) values='5s 10s 15s' ;;
        --verified) values='yes no defer' ;;
        --for) values='1h 12h 1d 7d 4w forever' ;;
        --color) values='auto always never' ;;
        --since|--until) values='today yesterday 1h 2h 1d 3d 1w' ;;
        --timezone) values=$(_postern_zones) ;;
        --host|--from|--to|--subject|--ip|--limit|--threads|--client|--helo|--server|--reason) ;;
        *) return 1 ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$values" -- "$2")
}

_postern_zones() {
    local zones=/usr/share/zoneinfo/zone1970.tab
    [ ! -r "$zones" ] || awk '!/^#/ { print $3 }' "$zones"
    echo UTC
}

_postern_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_postern() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} IFS=$' \t\n'
    COMPREPLY=()
    # for bash, = is a word of its own: --by=lo is three
    if [ "$word" = = ]; then
        word=''
    elif [ "$before" = = ] && [ "$COMP_CWORD" -gt 2 ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W 'trace top ask bans status setup help --help --version' -- "$word")
        return
    fi
    case $command in
        trace|top|ask|bans|status|setup)
            if _postern_values "$before" "$word"; then
                return
            elif [[ $word == -* ]]; then
                local options=_postern_$command
                mapfile -t COMPREPLY < <(compgen -W "${!options}" -- "$word")
            elif [ "$command" = trace ]; then
                _postern_files "$word"
            elif [ "$command" = bans ] && [ "$COMP_CWORD" -eq 2 ]; then
                mapfile -t COMPREPLY < <(compgen -W 'list show add remove' -- "$word")
            elif [ "$command" = setup ] && [ "$COMP_CWORD" -eq 2 ]; then
                mapfile -t COMPREPLY < <(compgen -W 'exim' -- "$word")
            fi ;;
        help)
            mapfile -t COMPREPLY < <(compgen -W 'trace top ask bans status setup' -- "$word") ;;
    esac
}

complete -F _postern postern
