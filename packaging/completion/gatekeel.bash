# Completion of gatekeel(1) for bash. Made from the table of commands; a test holds it.
_gatekeel() {
    local cur prev words cword
    _init_completion -n = || return
    local command= word index
    for ((index = 1; index < cword; index++)); do
        word=${words[index]}
        [[ $word == -* ]] && continue
        command+=${command:+ }$word
        case $command in package | keyring | time | config) continue ;; esac
        break
    done
    # Arguments that are there already: a command takes one.
    local given=0 valued=' --activate --limit --lines -n --since --user -u --server --output --key --certificate --manifest --passphrase-file --keyring --name '
    for ((index++; index < cword; index++)); do
        word=${words[index]}
        if [[ $valued == *" $word "* ]]; then ((index++)); elif [[ $word != -* ]]; then given=1; fi
    done
    local options='--json --help --version' arguments=
    case $command in
    '') arguments='status objects read packages install remove activate deactivate rollback history watch staged discard cancel log run links link access send reconnect reload metrics diagnose package keyring time config' ;;
    package) arguments='sign verify info suggest' ;;
    keyring) arguments='add remove list' ;;
    time) arguments='reset' ;;
    config) arguments='check' ;;
    status)
        options='--check --json --help --version'
        ;;
    objects)
        options='--json --help --version'
        ;;
    read)
        options='--json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "/1 /3 /3/0 /9" -- "$cur")); return; fi
        ;;
    packages)
        options='--json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    install)
        options='--activate= --allow-downgrade --reinstall --no-wait --json --help --version'
        if [[ $cur == --activate=* ]]; then prev=--activate cur=${cur#*=}; fi
        if [[ $prev == --activate ]]; then COMPREPLY=($(compgen -W "restore yes no" -- "$cur")); return; fi
        if [[ $cur != -* && $given == 0 ]]; then _filedir; return; fi
        ;;
    remove)
        options='--purge --no-wait --json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    activate)
        options='--no-wait --json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    deactivate)
        options='--no-wait --json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    rollback)
        options='--no-wait --json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    history)
        options='--limit= --json --help --version'
        if [[ $cur == --limit=* || $prev == --limit ]]; then return; fi
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    watch)
        options='--json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel history 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    staged)
        options='--json --help --version'
        ;;
    discard)
        options='--json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel staged 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    cancel)
        options='--json --help --version'
        ;;
    log)
        options='--follow --lines= --since= --json --help --version'
        if [[ $cur == --lines=* || $prev == --lines ]]; then return; fi
        if [[ $cur == --since=* || $prev == --since ]]; then return; fi
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    run)
        options='--user= --json --help --version'
        if [[ $cur == --user=* || $prev == --user ]]; then return; fi
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel packages 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    links)
        options='--json --help --version'
        ;;
    link)
        options='--json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel links 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    access)
        options='--json --help --version'
        ;;
    send)
        options='--server= --json --help --version'
        if [[ $cur == --server=* || $prev == --server ]]; then return; fi
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "/1 /3 /3/0 /9" -- "$cur")); return; fi
        ;;
    reconnect)
        options='--json --help --version'
        ;;
    reload)
        options='--json --help --version'
        ;;
    metrics)
        options='--output= --json --help --version'
        if [[ $cur == --output=* ]]; then prev=--output cur=${cur#*=}; fi
        if [[ $prev == --output ]]; then _filedir; return; fi
        ;;
    diagnose)
        options='--output= --json --help --version'
        if [[ $cur == --output=* ]]; then prev=--output cur=${cur#*=}; fi
        if [[ $prev == --output ]]; then _filedir; return; fi
        ;;
    package\ sign)
        options='--key= --certificate= --manifest= --suggest --yes --output= --passphrase-file= --replace --json --help --version'
        if [[ $cur == --key=* ]]; then prev=--key cur=${cur#*=}; fi
        if [[ $prev == --key ]]; then _filedir; return; fi
        if [[ $cur == --certificate=* ]]; then prev=--certificate cur=${cur#*=}; fi
        if [[ $prev == --certificate ]]; then _filedir; return; fi
        if [[ $cur == --manifest=* ]]; then prev=--manifest cur=${cur#*=}; fi
        if [[ $prev == --manifest ]]; then _filedir; return; fi
        if [[ $cur == --output=* ]]; then prev=--output cur=${cur#*=}; fi
        if [[ $prev == --output ]]; then _filedir; return; fi
        if [[ $cur == --passphrase-file=* ]]; then prev=--passphrase-file cur=${cur#*=}; fi
        if [[ $prev == --passphrase-file ]]; then _filedir; return; fi
        if [[ $cur != -* && $given == 0 ]]; then _filedir; return; fi
        ;;
    package\ verify)
        options='--keyring= --json --help --version'
        if [[ $cur == --keyring=* ]]; then prev=--keyring cur=${cur#*=}; fi
        if [[ $prev == --keyring ]]; then _filedir -d; return; fi
        if [[ $cur != -* && $given == 0 ]]; then _filedir; return; fi
        ;;
    package\ info)
        options='--json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then _filedir; return; fi
        ;;
    package\ suggest)
        options='--json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then _filedir; return; fi
        ;;
    keyring\ add)
        options='--name= --json --help --version'
        if [[ $cur == --name=* || $prev == --name ]]; then return; fi
        if [[ $cur != -* && $given == 0 ]]; then _filedir; return; fi
        ;;
    keyring\ remove)
        options='--json --help --version'
        if [[ $cur != -* && $given == 0 ]]; then COMPREPLY=($(compgen -W "$(gatekeel keyring list 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')" -- "$cur")); return; fi
        ;;
    keyring\ list)
        options='--json --help --version'
        ;;
    time\ reset)
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
