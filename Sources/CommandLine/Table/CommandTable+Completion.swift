extension CommandTable {
    /// Completion for bash, out of the table.
    static var bashCompletion: String {
        var lines = [
            "# Completion of gatekeel(1) for bash. Made from the table of commands; a test holds it.",
            "_gatekeel() {",
            "    local cur prev words cword",
            "    _init_completion -n = || return",
            "    local command= word index",
            "    for ((index = 1; index < cword; index++)); do",
            "        word=${words[index]}",
            "        [[ $word == -* ]] && continue",
            "        command+=${command:+ }$word",
            "        case $command in \(groups.joined(separator: " | "))) continue ;; esac",
            "        break",
            "    done",
            "    # Arguments that are there already: a command takes one.",
            "    local given=0 valued=' \(valued) '",
            "    for ((index++; index < cword; index++)); do",
            "        word=${words[index]}",
            "        if [[ $valued == *\" $word \"* ]]; then ((index++)); elif [[ $word != -* ]]; then given=1; fi",
            "    done",
            "    local options='\(flags(common))' arguments=",
            "    case $command in",
            "    '') arguments='\(firstWords.joined(separator: " "))' ;;",
        ]
        for group in groups {
            let seconds = commands.filter { $0.command.words[0] == group }.map { $0.command.words[1] }
            lines.append("    \(group)) arguments='\(seconds.joined(separator: " "))' ;;")
        }
        for declaration in commands {
            let name = declaration.command.words.joined(separator: "\\ ")
            lines.append("    \(name))")
            lines.append("        options='\(flags(declaration.options + common))'")
            for option in declaration.options where option.value != nil {
                guard let reply = reply(option.completion) else {
                    // A value that nothing is known of.
                    lines.append(
                        "        if [[ $cur == --\(option.name)=* || $prev == --\(option.name) ]]; then return; fi")
                    continue
                }
                // Only the value is completed: readline takes the = for the end of a word.
                lines.append(
                    "        if [[ $cur == --\(option.name)=* ]]; then prev=--\(option.name) cur=${cur#*=}; fi")
                lines.append("        if [[ $prev == --\(option.name) ]]; then \(reply); return; fi")
            }
            if let argument = declaration.arguments.first, let reply = reply(argument.completion) {
                lines.append("        if [[ $cur != -* && $given == 0 ]]; then \(reply); return; fi")
            }
            lines.append("        ;;")
        }
        lines += [
            "    esac",
            "    if [[ $cur == -* ]]; then",
            "        COMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))",
            "        [[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace",
            "    else",
            "        COMPREPLY=($(compgen -W \"$arguments\" -- \"$cur\"))",
            "    fi",
            "} &&",
            "    complete -F _gatekeel gatekeel",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    /// Options whose value may be the next word.
    private static var valued: String {
        let options = commands.flatMap(\.options).filter { $0.value != nil }
        return unique(options.flatMap { ["--\($0.name)"] + ($0.short.map { ["-\($0)"] } ?? []) }).joined(separator: " ")
    }

    private static var groups: [String] { unique(Command.allCases.filter { $0.words.count > 1 }.map { $0.words[0] }) }

    private static var firstWords: [String] { unique(Command.allCases.map { $0.words[0] }) }

    private static func unique(_ words: [String]) -> [String] {
        words.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    private static func flags(_ options: [OptionDeclaration]) -> String {
        options.map { "--\($0.name)\($0.value == nil ? "" : "=")" }.joined(separator: " ")
    }

    /// What sets COMPREPLY for the word in `cur`.
    private static func reply(_ completion: Completion) -> String? {
        switch completion {
        case .nothing: nil
        case .file: "_filedir"
        case .folder: "_filedir -d"
        case .package: names("packages")
        case .deployment: names("history")
        case .certificate: names("keyring list")
        case .staged: names("staged")
        case .link: names("links")
        case .words(let list): words(list.joined(separator: " "))
        }
    }

    /// The first column of a command's table. compgen(1) expands what it is given: only what is plain comes through.
    private static func names(_ command: String) -> String {
        words("$(gatekeel \(command) 2>/dev/null | cut -f1 | grep -x '[A-Za-z0-9+._@:~-]*')")
    }

    private static func words(_ list: String) -> String {
        "COMPREPLY=($(compgen -W \"\(list)\" -- \"$cur\"))"
    }
}
