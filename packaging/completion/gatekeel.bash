# Completion of gatekeel(1) for bash. Made from the table of commands; a test holds it.
_gatekeel() {
    local cur prev words cword
    _init_completion -n = || return
    local command= word index
    for ((index = 1; index < cword; index++)); do
        word=${words[index]}
        [[ $word == -* ]] && continue
        command+=${command:+ }$word
        case $command in package | keyring | config) continue ;; esac
        break
    done
    local options='--json --help --version' arguments=
    case $command in
    '') arguments='status objects read packages install remove activate deactivate rollback history log package keyring config' ;;
    package) arguments='sign verify info' ;;
    keyring) arguments='add list' ;;
    config) arguments='check' ;;
    status)
        options='--json --help --version'
        ;;
    objects)
        options='--json --help --version'
        ;;
    read)
        options='--json --help --version'
        if [[ $cur != -* ]]; then COMPREPLY=($(compgen -W '/1 /3 /3/0 /9' -- "$cur")); return; fi
        ;;
    packages)
        options='--json --help --version'
        if [[ $cur != -* ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1)" -- "$cur")); return; fi
        ;;
    install)
        options='--activate= --allow-downgrade --no-wait --json --help --version'
        if [[ $prev == --activate || $cur == --activate=* ]]; then COMPREPLY=($(compgen -W 'restore yes no' -- "${cur#*=}")); return; fi
        if [[ $cur != -* ]]; then _filedir; return; fi
        ;;
    remove)
        options='--purge --no-wait --json --help --version'
        if [[ $cur != -* ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1)" -- "$cur")); return; fi
        ;;
    activate)
        options='--no-wait --json --help --version'
        if [[ $cur != -* ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1)" -- "$cur")); return; fi
        ;;
    deactivate)
        options='--no-wait --json --help --version'
        if [[ $cur != -* ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1)" -- "$cur")); return; fi
        ;;
    rollback)
        options='--no-wait --json --help --version'
        if [[ $cur != -* ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1)" -- "$cur")); return; fi
        ;;
    history)
        options='--limit= --json --help --version'
        if [[ $cur != -* ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1)" -- "$cur")); return; fi
        ;;
    log)
        options='--follow --lines= --json --help --version'
        if [[ $cur != -* ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1)" -- "$cur")); return; fi
        ;;
    package\ sign)
        options='--key= --certificate= --manifest= --output= --passphrase-file= --replace --json --help --version'
        if [[ $prev == --key || $cur == --key=* ]]; then _filedir; return; fi
        if [[ $prev == --certificate || $cur == --certificate=* ]]; then _filedir; return; fi
        if [[ $prev == --manifest || $cur == --manifest=* ]]; then _filedir; return; fi
        if [[ $prev == --output || $cur == --output=* ]]; then _filedir; return; fi
        if [[ $prev == --passphrase-file || $cur == --passphrase-file=* ]]; then _filedir; return; fi
        if [[ $cur != -* ]]; then _filedir; return; fi
        ;;
    package\ verify)
        options='--keyring= --json --help --version'
        if [[ $prev == --keyring || $cur == --keyring=* ]]; then _filedir -d; return; fi
        if [[ $cur != -* ]]; then _filedir; return; fi
        ;;
    package\ info)
        options='--json --help --version'
        if [[ $cur != -* ]]; then _filedir; return; fi
        ;;
    keyring\ add)
        options='--name= --json --help --version'
        if [[ $cur != -* ]]; then _filedir; return; fi
        ;;
    keyring\ list)
        options='--json --help --version'
        ;;
    config\ check)
        options='--json --help --version'
        ;;
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$options" -- "$cur"))
        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
    else
        COMPREPLY=($(compgen -W "$arguments" -- "$cur"))
    fi
} &&
    complete -F _gatekeel gatekeel
