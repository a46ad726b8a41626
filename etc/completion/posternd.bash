# SPDX-License-Identifier: BSD-2-Clause
#
# posternd.bash - completion of posternd's options in bash
#
# Works alone and with bash-completion.
# shellcheck shell=bash

_posternd() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} IFS=$' \t\n'
    COMPREPLY=()
    case $before in
        -c|--config)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
        --ask) ;;
        *)
            mapfile -t COMPREPLY < <(compgen -W '--config --check --example --settings-man --foreground
                --ask --version --help' -- "$word") ;;
    esac
}

complete -F _posternd posternd
