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
        exit(await Program.run(Array(CommandLine.arguments.dropFirst()), Console()))
    }
}
