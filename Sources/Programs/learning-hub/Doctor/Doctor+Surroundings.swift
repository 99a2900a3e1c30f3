internal import Contracts
internal import EventLoop
internal import HTTP
internal import Mail
internal import ObjectStore
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

    func storage() -> Finding {
        let folder = DataFolder(arguments.text(.data) ?? ".data")
        guard let free = freeBytes(at: folder.existing) else {
            return Finding(part: "storage", state: .broken, detail: "\(folder.existing) cannot be examined")
        }
        let text = "\(free / 1_048_576) MB free at \(folder.existing)"
        if !FileManager.default.isWritableFile(atPath: folder.existing) {
            return Finding(
                part: "storage", state: .broken, detail: "\(folder.existing) cannot be written",
                remedy: "see its owner and mode")
        }
        if free < Self.freeBytesMin {
            return Finding(part: "storage", state: .odd, detail: text, remedy: "make room before the database stops")
        }
        return Finding(part: "storage", state: .sound, detail: text)
    }

    /// Whether the bucket works, as reported by a running service, which has the keys. A folder is on the disk checked before.
    func objects(_ running: RunningHub, _ shell: Settings) async -> Finding {
        let instance = running.instances(of: .certificate).first
        guard let bucket = (instance?.record.settings ?? shell).shown(named: ObjectSettings.bucket.name) else {
            return Finding(part: "objects", state: .sound, detail: "no S3_BUCKET: files are kept in a folder")
        }
        let remedy = "see S3_ENDPOINT, S3_BUCKET and the AWS settings"
        switch instance?.answer {
        case .ready(let failing), .notReady(let failing):
            let fails = failing.contains("objects")
            return Finding(
                part: "objects", state: fails ? .broken : .sound,
                detail: "the certificate service \(fails ? "cannot use" : "can use") the bucket \(bucket)",
                remedy: fails ? remedy : nil)
        case .silent?, .outOfReach?:
            return Finding(
                part: "objects", state: .odd, detail: "whether the bucket \(bucket) can be used is not known",
                remedy: "see the line of the certificate service, which uses it")
        case nil: return await self.bucket(shell, remedy)
        }
    }

    private func bucket(_ settings: Settings, _ remedy: String) async -> Finding {
        do {
            let loops = try EventLoopGroup(count: 1, name: "doctor")
            let pool = try BlockingPool(name: "doctor", threadCount: 1, queueCountMax: 1)
            defer { pool.shutdown() }
            let client = HTTPClient(loops: loops)
            try await settings.objects(pool, client) { OpenHub.now }.check()
            return Finding(part: "objects", state: .sound, detail: "the bucket answers")
        } catch {
            return Finding(
                part: "objects", state: .broken, detail: "the bucket cannot be used: \(error)", remedy: remedy)
        }
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
