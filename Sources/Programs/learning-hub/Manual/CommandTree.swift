extension Command {
    /// Every command that does something, with the names that lead to it; not the program's own.
    func leaves(_ path: [String] = []) -> [(path: [String], command: Command)] {
        if members.isEmpty { return [(path, self)] }
        return members.flatMap { $0.leaves(path + [$0.name]) }
    }

    /// Every command and family below this one, with the names that lead to it.
    func places(_ path: [String] = []) -> [(path: [String], command: Command)] {
        [(path, self)] + members.flatMap { $0.places(path + [$0.name]) }
    }
}
