internal import CCommit

/// What this program was built from.
public enum Commit {
    /// The commit's short name, with `+` behind it when files differed from it; nil when whoever built it did not say.
    public static let name: String? = {
        let name = String(cString: hub_commit())
        return name.isEmpty ? nil : name
    }()
}
