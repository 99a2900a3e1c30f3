internal import Contracts
internal import Mail
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Checks of mail server, disk, bucket and programs.
extension Doctor {
    /// - Parameters:
    ///   - settings: of the mail sender.
    ///   - gateway: those of the gateway, which shows the development mailbox.
    func mail(_ settings: Settings, _ gateway: Settings) -> Finding {
        guard let text = settings.shown(named: "SMTP_URL") else {
            let detail = "SMTP_URL is not set; mails go to the development mailbox, GET /dev/mailbox"
            let host = gateway.shown(named: PlatformSettings.host.name) ?? ""
            if ServiceDirectory.isOfThisMachine(host) { return Finding(part: "mail", state: .sound, detail: detail) }
            return Finding(
                part: "mail", state: .odd, detail: "\(detail), which everyone who can reach \(host) can read",
                remedy: "set SMTP_URL, unless only developers can reach the hub")
        }
        do {
            let url = try SMTPURL(text)
            try Reach.check(host: url.host, port: url.port)
            return Finding(part: "mail", state: .sound, detail: "\(url) accepts connections")
        } catch {
            return Finding(
                part: "mail", state: .broken, detail: "SMTP_URL: \(error)",
                remedy:
                    "check that the mail server runs and that SMTP_URL is its address, such as smtp://user:password@host:587"
            )
        }
    }

    func storage() -> Finding { disk("storage", folder, full: "the database stops") }

    /// - Parameter full: the consequence of a full disk.
    func disk(_ part: String, _ folder: DataFolder, full: String) -> Finding {
        let path = folder.existing
        guard let free = freeBytes(at: path) else {
            return Finding(
                part: part, state: .broken, detail: "\(path) cannot be checked", remedy: "check its owner and mode")
        }
        guard isFolder(at: path) else {
            return Finding(
                part: part, state: .broken, detail: "\(path) is a file",
                remedy: "name a folder, or move the file away")
        }
        if !FileManager.default.isWritableFile(atPath: path) {
            return Finding(
                part: part, state: .broken, detail: "\(path) cannot be written",
                remedy: "check its owner and mode, and whether its disk can be written")
        }
        let text = "\(free / 1_048_576) MB free at \(path)"
        if free < Self.freeBytesMin {
            return Finding(
                part: part, state: .odd, detail: text, remedy: "free some space: when the disk is full, \(full)")
        }
        return Finding(part: part, state: .sound, detail: text)
    }

    /// The media service converts uploads with these programs.
    /// - Parameter media: a process of that service.
    func ffmpeg(_ media: ProcessRecord?, _ shell: Settings) -> Finding {
        let name = "HUB_FFMPEG_FOLDER", folder = (media?.settings ?? shell).shown(named: name) ?? ""
        if let media, media.machine != ThisMachine.name {
            return Finding(
                part: "ffmpeg", state: .odd, detail: "the media service runs on \(media.machine), not on this machine",
                remedy: "run `\(Program.name) doctor` on that machine")
        }
        let missing = ["ffmpeg", "ffprobe"].filter { !FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") }
        if missing.isEmpty {
            return Finding(part: "ffmpeg", state: .sound, detail: "ffmpeg and ffprobe are in \(folder)")
        }
        return Finding(
            part: "ffmpeg", state: .odd,
            detail:
                "\(missing.joined(separator: " and ")) cannot be run from \(folder), so uploaded videos and pictures are not processed",
            remedy: "install ffmpeg where the media service runs, or set \(name)")
    }

    private static let freeBytesMin: Int64 = 1024 * 1_048_576
}

extension DataFolder {
    /// The folder itself, or its nearest existing parent.
    fileprivate var existing: String {
        var path = path
        while !FileManager.default.fileExists(atPath: path), let slash = path.lastIndex(of: "/"), path.count > 1 {
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
        return path
    }
}
