#if canImport(Glibc)
internal import Glibc
#elseif canImport(Darwin)
internal import Darwin
#endif

@main
struct Main {
    static func main() async {
        // A closed pipe must fail the write, not end the program.
        signal(SIGPIPE, SIG_IGN)
        openStandardDescriptors()
        let console = Console()
        if let place = unreadableArgument {
            console.complaint("argument \(place) is not UTF-8 text.")
            exit(2)
        }
        exit(await Program.run(Array(CommandLine.arguments.dropFirst()), console))
    }

    /// Without one of them, the next file or connection would get its number, and results or log lines would be written into it.
    private static func openStandardDescriptors() {
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(descriptor, F_GETFD) < 0 {
            // The lowest free number is this one.
            _ = open("/dev/null", O_RDWR)
        }
    }

    /// `CommandLine.arguments` replaces bytes that are not UTF-8, so a path would name another file.
    private static var unreadableArgument: Int? {
        (1..<Int(max(1, CommandLine.argc))).first { place in
            CommandLine.unsafeArgv[place].map { String(validatingCString: $0) == nil } ?? false
        }
    }
}
