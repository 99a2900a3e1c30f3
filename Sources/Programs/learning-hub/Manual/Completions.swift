/// A shell that can complete what is typed.
enum Shell: String, CaseIterable {
    case bash, zsh, fish
}

/// The completion script of a shell for commands and options, generated from the commands.
struct Completions {
    let program: Command

    /// Possible next words and their meaning.
    private func words(at command: Command) -> [(word: String, meaning: String)] {
        command.members.map { ($0.name, $0.summary) }
            + command.arguments.flatMap { argument in argument.choices.map { ($0, argument.summary) } }
            + (command.options + [.help]).map { ("--\($0.name)", $0.summary) }
    }

    private var places: [(place: String, command: Command)] {
        program.places().map { ("/" + $0.path.joined(separator: "/"), $0.command) }
    }

    /// The options with a value, except `--data`: `--data` completes folders, these nothing.
    private var valued: [String] {
        let names = program.leaves().flatMap { $0.command.options }.filter { $0.valueName != nil && $0 != .data }
            .map { "--\($0.name)" }
        return Set(names).subtracting(["--\(Option.data.name)"]).sorted()
    }

    func script(for shell: Shell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    /// The `case` pattern of all places that words lead to.
    private var steps: String { places.dropFirst().map { "'\($0.place)'" }.joined(separator: "|") }

    private var bash: String {
        let cases = places.map { place, command in
            "        '\(place)') words='\(words(at: command).map(\.word).joined(separator: " "))' ;;"
        }
        return """
            # Completion of \(program.name) for bash: source <(\(program.name) completions bash)
            _learning_hub() {
                local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} place=/ word words=
                for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                    case "${place%/}/$word" in \(steps)) place=${place%/}/$word ;; esac
                done
                COMPREPLY=()
                case "$previous" in
                    --data) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
                    \(valued.joined(separator: "|"))) return ;;
                esac
                case "$place" in
            \(cases.joined(separator: "\n"))
                esac
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
            }
            complete -F _learning_hub \(program.name)
            """
    }

    private var zsh: String {
        let cases = places.map { place, command in
            let found = words(at: command).map { "'\(Self.quoted($0.word)):\(Self.quoted($0.meaning))'" }
            return "        '\(place)') found=(\(found.joined(separator: " "))) ;;"
        }
        return """
            #compdef \(program.name)
            # Completion of \(program.name) for zsh: source <(\(program.name) completions zsh), or as _\(program.name) in a folder of fpath.
            _learning_hub() {
                local place=/ word
                local -a found
                for word in "${(@)words[2,CURRENT-1]}"; do
                    case "${place%/}/$word" in \(steps)) place=${place%/}/$word ;; esac
                done
                case "${words[CURRENT-1]}" in
                    --data) _files -/; return ;;
                    \(valued.joined(separator: "|"))) return ;;
                esac
                case "$place" in
            \(cases.joined(separator: "\n"))
                esac
                _describe '\(program.name)' found
            }
            if [ "$funcstack[1]" = _\(program.name) ]; then _learning_hub "$@"; else compdef _learning_hub \(program.name); fi
            """
    }

    private var fish: String {
        let names = places.dropFirst().map { "'\($0.place)'" }.joined(separator: " ")
        let lines = places.flatMap { place, command in
            let at = "complete -c \(program.name) -n \"__learning_hub_at \(place)\""
            let members = command.members.map { "\(at) -a \($0.name) -d '\(Self.escaped($0.summary))'" }
            let choices = command.arguments.flatMap { argument in argument.choices.map { "\(at) -a \($0)" } }
            let options = (command.options + [.help]).map { option in
                let value = option.name == Option.data.name ? " -x -a '(__fish_complete_directories)'" : " -x"
                return
                    "\(at) -l \(option.name)\(option.valueName == nil ? "" : value) -d '\(Self.escaped(option.summary))'"
            }
            return members + choices + options
        }
        return """
            # Completion of \(program.name) for fish: \(program.name) completions fish | source
            function __learning_hub_at
                set -l place /
                for word in (commandline -opc)[2..]
                    set -l next (string trim -r -c / -- $place)/$word
                    contains -- $next \(names); and set place $next
                end
                test $place = $argv[1]
            end
            complete -c \(program.name) -f
            \(lines.joined(separator: "\n"))
            """
    }

    /// For single quotes of a POSIX shell; a colon would end the word.
    private static func quoted(_ text: String) -> String {
        text.replacing("'", with: "'\\''").replacing(":", with: "\\:")
    }

    /// Inside single quotes of fish.
    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
    }
}
