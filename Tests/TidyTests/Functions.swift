/// A function or initialiser with a body.
struct FunctionBody {
    let name: String
    /// Where it begins, counted from 1.
    let line: Int
    /// Lines between the braces; 1 when it all stands on one line.
    let bodyLineCount: Int
}

extension File {
    /// Functions and initialisers with their lengths, in order; requirements of protocols have no body and are left out.
    var functions: [FunctionBody] {
        let declaration = /(?:^|\s)(?:func\s+(?<name>`[^`]+`|[^\s(<]+)|(?<initializer>init)[?(<])/
        return code.enumerated().compactMap { index, line in
            guard let match = line.firstMatch(of: declaration) else { return nil }
            let name = match.output.name ?? match.output.initializer ?? ""
            guard let count = bodyLineCount(line: index, after: match.range.lowerBound) else { return nil }
            return FunctionBody(name: String(name), line: index + 1, bodyLineCount: count)
        }
    }

    /// Follows the brackets from a declaration to the end of its body.
    private func bodyLineCount(line start: Int, after position: String.Index) -> Int? {
        var bracketDepth = 0
        var braceDepth = 0
        var opened: Int?
        for index in start..<code.count {
            let line = index == start ? code[index][position...] : code[index][...]
            if opened == nil, index > start, bracketDepth == 0, !Self.continuesSignature(line) { return nil }
            for character in line {
                switch character {
                case "(", "[": bracketDepth += 1
                case ")", "]": bracketDepth -= 1
                case "{" where bracketDepth == 0 || opened != nil:
                    if opened == nil {
                        opened = index
                        bracketDepth = 0
                    }
                    braceDepth += 1
                case "}" where opened != nil:
                    braceDepth -= 1
                    if braceDepth == 0, let opened { return max(1, index - opened - 1) }
                case "}" where bracketDepth == 0: return nil
                default: break
                }
            }
        }
        return nil
    }

    private static func continuesSignature(_ line: Substring) -> Bool {
        let trimmed = line.drop { $0 == " " }
        return ["{", "-", "a", "t", "r", "w", ")"].contains(trimmed.first) && !trimmed.hasPrefix("func")
    }
}
