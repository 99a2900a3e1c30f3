extension Command {
    /// All executable commands with their paths, without the program's name.
    func leaves(_ path: [String] = []) -> [(path: [String], command: Command)] {
        if members.isEmpty { return [(path, self)] }
        return members.flatMap { $0.leaves(path + [$0.name]) }
    }

    /// This command and all below it, with their paths.
    func places(_ path: [String] = []) -> [(path: [String], command: Command)] {
        [(path, self)] + members.flatMap { $0.places(path + [$0.name]) }
    }
}
