internal import Platform
internal import Secrets

/// Locates the hub of a command: by `--data`, by DATABASE_URL, or in the default data folder.
enum HubLocation {
    /// The settings with the address of the hub's database.
    /// - Throws: ``CommandFailure`` when no hub is found.
    static func settings(_ arguments: Arguments) throws -> Settings {
        try HubSettings.read(commandLine: try flags(arguments))
    }

    /// The same, with the hub's log, for commands that open the hub's parts.
    /// - Parameter creates: the command may create a hub's tables in a new database.
    /// - Throws: also ``CommandFailure`` when the database contains no hub.
    static func settingsForParts(_ arguments: Arguments, creates: Bool = false) async throws -> Settings {
        var flags = try flags(arguments)
        let settings = try HubSettings.read(commandLine: flags)
        if !settings.isSet(PlatformSettings.identitySecret) {
            // Nothing is served, so its signatures are not used.
            flags[PlatformSettings.identitySecret.name] = SecureRandom.token()
        }
        if !settings.isSet(PlatformSettings.logLevel) { flags[PlatformSettings.logLevel.name] = "warning" }
        let all = try HubSettings.read(commandLine: flags)
        do {
            return all.completed(by: try await OpenHub.with(arguments) { $0.settings }, HubStore.places)
        } catch {
            if creates { return all }
            throw error
        }
    }

    /// The data folder that the arguments name, if it has the hub's database and no hub runs on it, also after a crash.
    static func stoppedFolder(_ arguments: Arguments) throws -> DataFolder? {
        guard try !HubSettings.namesDatabase, let folder = try folder(arguments),
            folder.hasDatabase, !folder.isLocked
        else { return nil }
        return folder
    }

    /// nil when DATABASE_URL names the hub.
    static func folder(_ arguments: Arguments) throws -> DataFolder? {
        if try HubSettings.namesDatabase, !arguments.isGiven(.data) { return nil }
        return DataFolder(arguments.text(.data) ?? ".data")
    }

    static func nothingRuns(on folder: DataFolder) -> CommandFailure {
        CommandFailure(
            """
            no hub runs on \(folder.path). Start it with `\(Program.name) up --data \(folder.path.shellWord)`, or name another hub with --data DIR or \
            DATABASE_URL.
            """)
    }

    private static func flags(_ arguments: Arguments) throws -> [String: String] {
        guard let folder = try folder(arguments) else { return [:] }
        guard let note = try folder.readNote() else {
            throw nothingRuns(on: folder)
        }
        var flags = try HubSettings.read().isSet(PlatformSettings.identitySecret) ? [:] : try folder.secrets()
        flags[PlatformSettings.databaseURL.name] = note.databaseURL
        return flags
    }
}
