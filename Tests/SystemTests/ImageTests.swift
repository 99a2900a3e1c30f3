import Foundation
import HubTesting
import Testing

/// Checks the text of `deploy/Dockerfile`, because tests build no images.
@Suite struct ImageTests {
    /// Its packages are those of Debian 12.
    private static let isOfItsDistribution =
        (try? String(contentsOfFile: "/etc/os-release", encoding: .utf8))?.contains("VERSION_CODENAME=bookworm") == true

    /// Prints the packages of the libraries that a program names, and not those that these name in turn.
    private static let script = """
        import pathlib, re, subprocess, sys
        out = lambda *words: subprocess.run(words, capture_output=True, text=True).stdout
        named = re.findall(r"NEEDED.*\\[(.*)\\]", out("readelf", "--dynamic", sys.argv[1]))
        places = dict(re.findall(r"(\\S+) => (/\\S+)", out("ldd", sys.argv[1])))
        for place in {pathlib.Path(places[name]).resolve().name for name in named if name in places}:
            print(out("dpkg-query", "--search", "*/" + place).split(":")[0])
        """

    @Test(.enabled(if: isOfItsDistribution))
    func `the image has the package of every library that the program is linked to`() async throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "deploy/Dockerfile")
        let text = try String(contentsOf: file, encoding: .utf8).replacing("\\\n", with: " ")
        let install = try #require(text.firstMatch(of: /apt-get install ([^&]*)/)).output.1
        let installed = Set(install.split(separator: " ").filter { !$0.hasPrefix("--") }.map(String.init))
        let tests = URL(filePath: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        let program = tests.deletingLastPathComponent().appending(path: "learning-hub").path
        let run = try await TestPython.run("-c", [Self.script, program])
        let needed = Set(run.output.split(separator: "\n").map(String.init))
        #expect(run.code == 0 && needed.count > 10, "\(run.output)")
        // Part of every Debian.
        let ofTheBase: Set = ["libc6", "libgcc-s1", "libstdc++6"]
        #expect(needed.subtracting(installed).subtracting(ofTheBase).sorted() == [])
        let libraries = installed.filter { $0.hasPrefix("lib") && $0.contains(/\d/) }
        #expect(libraries.subtracting(needed).sorted() == [], "nothing needs these")
    }
}
