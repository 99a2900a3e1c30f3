internal import CCommit

/// The commit from which this program was built.
public enum Commit {
    /// The short commit hash, followed by `+` if files differed from it; nil when it was not set during the build.
    public static let name: String? = {
        let name = String(cString: hub_commit())
        return name.isEmpty ? nil : name
    }()
}
