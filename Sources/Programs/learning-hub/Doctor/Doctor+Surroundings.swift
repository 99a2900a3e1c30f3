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
            let detail = "no SMTP_URL: mail goes to the development mailbox, GET /dev/mailbox"
            let host = gateway.shown(named: PlatformSettings.host.name) ?? ""
            if ServiceDirectory.isOfThisMachine(host) { return Finding(part: "mail", state: .sound, detail: detail) }
            return Finding(
                part: "mail", state: .odd, detail: "\(detail), which whoever reaches \(host) may read",
                remedy: "set SMTP_URL where others than developers come in")
        }
        do {
            let url = try SMTPURL(text)
            try Reach.check(host: url.host, port: url.port)
            return Finding(part: "mail", state: .sound, detail: "\(url) takes connections")
        } catch {
            return Finding(
                part: "mail", state: .broken, detail: "SMTP_URL: \(error)",
                remedy: "expected smtp://user:password@host:587 of a server that is up")
        }
    }

    func storage() -> Finding { disk("storage", folder, full: "the database stops") }

    /// - Parameter full: the consequence of a full disk.
    func disk(_ part: String, _ folder: DataFolder, full: String) -> Finding {
        let path = folder.existing
        guard let free = freeBytes(at: path) else {
            return Finding(
                part: part, state: .broken, detail: "\(path) cannot be examined", remedy: "see its owner and mode")
        }
        guard isFolder(at: path) else {
            return Finding(
                part: part, state: .broken, detail: "\(path) is a file",
                remedy: "name a folder, or move the file away")
        }
        if !FileManager.default.isWritableFile(atPath: path) {
            return Finding(
                part: part, state: .broken, detail: "\(path) cannot be written",
                remedy: "see its owner and mode, and whether its disk can be written")
        }
        let text = "\(free / 1_048_576) MB free at \(path)"
        if free < Self.freeBytesMin {
            return Finding(part: part, state: .odd, detail: text, remedy: "make room: when the disk is full, \(full)")
        }
        return Finding(part: part, state: .sound, detail: text)
    }

    /// The media service converts uploads with these programs.
    /// - Parameter media: a process of that service.
    func ffmpeg(_ media: ProcessRecord?, _ shell: Settings) -> Finding {
        let name = "HUB_FFMPEG_FOLDER", folder = (media?.settings ?? shell).shown(named: name) ?? ""
        if let media, media.machine != ThisMachine.name {
            return Finding(
                part: "ffmpeg", state: .odd, detail: "media runs on \(media.machine): it is not looked for here",
                remedy: "run `\(Program.name) doctor` there")
        }
        let missing = ["ffmpeg", "ffprobe"].filter { !FileManager.default.isExecutableFile(atPath: "\(folder)/\($0)") }
        if missing.isEmpty { return Finding(part: "ffmpeg", state: .sound, detail: "it is in \(folder)") }
        return Finding(
            part: "ffmpeg", state: .odd,
            detail:
                "\(missing.joined(separator: " and ")) cannot be run in \(folder): of films and pictures nothing is made",
            remedy: "install ffmpeg where the media service runs, or see \(name)")
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
