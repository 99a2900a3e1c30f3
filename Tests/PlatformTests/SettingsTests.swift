import Contracts
import Platform
import Testing

@Suite struct SettingsTests {
    private let port = Setting<Int>("HUB_TEST_PORT", default: 3000, "A port.")
    private let secret = Setting<String>("HUB_TEST_SECRET", secret: true, "A secret.")

    /// libpq would repeat a part of them in its error, which may be the password.
    @Test(arguments: [
        "postgres://hub:50%off@db/hub", "postgres://hub:p@ss@db/hub", "postgres://hub:pa/ss@db/hub",
        "postgres://hub:pa?ss@db/hub", "postgres://hub:pa#ss@db/hub", "postgres:hub", "hub",
    ])
    func `a database URL whose password is not encoded is refused without a part of it`(text: String) {
        #expect(DatabaseURL(settingText: text) == nil)
    }

    @Test(arguments: [
        "postgres:///hub", "postgres:///hub?user=a@b", "postgres://hub@/hub?host=/tmp/a/socket",
        "postgresql://hub:p%40ss%2F@[::1]:5432/hub?sslmode=require", "postgres://db", "postgres://db1,db2:5433/hub",
        "host=/tmp dbname=hub",
    ])
    func `each form of a database URL is accepted`(text: String) {
        #expect(DatabaseURL(settingText: text) != nil)
    }

    @Test func `the command line wins over the environment, which wins over the file and the default`() throws {
        let file = "HUB_TEST_PORT=1\nHUB_TEST_SECRET='from the file'"
        #expect(try Settings().value(port) == 3000)
        #expect(try Settings(file: file).value(port) == 1)
        #expect(try Settings(environment: ["HUB_TEST_PORT": "2"], file: file).value(port) == 2)
        let all = try Settings(
            commandLine: ["HUB_TEST_PORT": "3"], environment: ["HUB_TEST_PORT": "2"], file: file)
        #expect(try all.value(port) == 3)
        #expect(try all.value(secret) == "from the file")
        #expect(all.source(of: port.declaration) == .commandLine)
        #expect(all.source(of: secret.declaration) == .file)
    }

    @Test func `a value of another type is refused by name and never shown`() throws {
        let settings = try Settings(environment: ["HUB_TEST_PORT": "s3cret!"])
        #expect(throws: SettingsError.invalid(name: "HUB_TEST_PORT", expected: "number")) { try settings.value(port) }
        #expect(settings.complaint(about: port.declaration) != nil)
        let text = SettingsError.invalid(name: "HUB_TEST_PORT", expected: "number").description
        #expect(!text.contains("s3cret!"))
    }

    @Test func `a service is called at its URL, else at its port of this machine`() throws {
        #expect(try Settings().url(of: .user) == "http://127.0.0.1:\(3000 + PlatformSettings.portOffset(of: .user))")
        let moved = try Settings(environment: ["HUB_USER_PORT": "4711"])
        #expect(try moved.url(of: .user) == "http://127.0.0.1:4711")
        let named = try Settings(environment: ["HUB_USER_PORT": "4711", "HUB_USER_URL": "http://user:80"])
        #expect(try named.url(of: .user) == "http://user:80")
    }

    @Test func `a setting without value and default is missing`() throws {
        #expect(throws: SettingsError.missing(names: ["HUB_TEST_SECRET"])) { try Settings().value(secret) }
        let other = Setting<String>("HUB_TEST_OTHER", "Another."),
            all = [port.declaration, secret.declaration, other.declaration]
        let missing = SettingsError.missing(names: ["HUB_TEST_SECRET", "HUB_TEST_OTHER"])
        #expect(throws: missing) { try Settings().require(all) }
        #expect(missing.description.hasPrefix("HUB_TEST_SECRET and HUB_TEST_OTHER are not set"))
        #expect(throws: Never.self) {
            try Settings(environment: ["HUB_TEST_SECRET": "a", "HUB_TEST_OTHER": "b"]).require(all)
        }
        #expect(try Settings().optional(secret) == nil)
        #expect(try Settings(environment: ["HUB_TEST_SECRET": ""]).optional(secret) == nil)
    }

    @Test func `a secret is listed as dots`() throws {
        let settings = try Settings(environment: ["HUB_TEST_SECRET": "abc", "HUB_TEST_PORT": "7"])
        #expect(settings.shown(secret.declaration) == "••••••")
        #expect(settings.shown(port.declaration) == "7")
    }

    @Test func `a misspelt setting is reported`() throws {
        let settings = try Settings(environment: ["HUB_TEST_PROT": "7", "HUB_TEST_PORT": "7", "PATH": "x"])
        #expect(settings.unknownNames(among: [port.declaration]) == ["HUB_TEST_PROT"])
    }

    @Test(arguments: [
        ("500ms", Duration.milliseconds(500)), ("15s", .seconds(15)), ("10m", .seconds(600)), ("24h", .seconds(86_400)),
        ("30d", .seconds(30 * 86_400)),
    ])
    func `durations are read and written with a unit`(text: String, duration: Duration) {
        #expect(Duration(settingText: text) == duration)
        #expect(Duration(settingText: duration.settingText) == duration)
    }

    @Test(arguments: ["", "5", "-5s", "s", "9223372036854775807d", "1.5s"])
    func `text that is not a duration is refused`(text: String) {
        #expect(Duration(settingText: text) == nil)
    }

    @Test func `a file of comments, quotes and exports is read, and a bad line is named`() throws {
        let settings = try Settings(file: "# note\n\nexport HUB_TEST_PORT=42\r\nHUB_TEST_SECRET=\"a = b\"\n")
        #expect(try settings.value(port) == 42)
        #expect(try settings.value(secret) == "a = b")
        let noted = try Settings(
            file: """
                A=3 # three
                B="x # y" # z
                C='it' 's'
                D=#fff
                E= # nothing
                F=a#b
                """)
        let values = try "ABCDEF".map { try noted.optional(Setting<String>(String($0), "")) }
        #expect(values == ["3", "x # y", "it' 's", "#fff", nil, "a#b"])
        #expect(throws: SettingsError.badLine(number: 2)) { try Settings(file: "A=1\nnonsense\n") }
    }
}
