internal import Contracts
internal import EventLoop
internal import HTTP
internal import ObjectStore
internal import Platform

/// Checks of the storage of files: a bucket or a folder.
extension Doctor {
    private static let part = "objects"
    /// The services that keep files. They have the keys of a bucket, so they are asked first.
    private static let keepers: [ServiceName] = [.media, .certificate]

    func objects(_ running: RunningHub, _ shell: Settings) async -> Finding {
        let instances = Self.keepers.flatMap { running.instances(of: $0) }
        let told = instances.filter { $0.answer.failing != nil }
        let settings = (told.first ?? instances.first)?.record.settings ?? shell
        let place = FilePlace(settings, unset: instances.isEmpty ? folder.objects : nil)
        for instance in told {
            guard let failing = instance.answer.failing?.first(where: { $0.name == Self.part }) else { continue }
            let reason = failing.reason ?? "see its log"
            return Finding(
                part: Self.part, state: .broken,
                detail: "the \(instance.record.service) service cannot use \(place): \(reason)",
                remedy: place.remedy(for: reason))
        }
        if told.isEmpty { return await look(at: place, shell, instances) }
        let names = Self.keepers.filter { name in told.contains { $0.record.service == name } }.map(\.rawValue)
        let who = names.count == 1 ? "the \(names[0]) service uses" : "\(names.joined(separator: " and ")) use"
        let disk = disk(place, instances)
        if let disk, disk.state != .sound { return disk }
        return Finding(
            part: Self.part, state: .sound, detail: "\(who) \(place)" + (disk.map { ", \($0.detail)" } ?? ""))
    }

    /// Checks without a service: none answers, or none is known.
    private func look(at place: FilePlace, _ shell: Settings, _ instances: [RunningHub.Instance]) async -> Finding {
        if let disk = disk(place, instances) { return disk }
        // The keys of a bucket are known to the services and perhaps to this shell, but are not recorded.
        guard case .bucket = place, FilePlace(shell, unset: nil) == place, shell.isSet(ObjectSettings.secretAccessKey)
        else {
            return Finding(
                part: Self.part, state: .odd, detail: "the state of \(place) is unknown",
                remedy: "see the lines of the services media and certificate, which use it")
        }
        do {
            let loops = try EventLoopGroup(count: 1, name: "doctor")
            let pool = try BlockingPool(name: "doctor", threadCount: 1, queueCountMax: 1)
            defer { pool.shutdown() }
            let client = HTTPClient(loops: loops)
            let outcome = await outcome { try await shell.objects(pool, client) { OpenHub.now }.check() }
            await client.close()
            try outcome.get()
            return Finding(part: Self.part, state: .sound, detail: "\(place) can be used")
        } catch {
            return Finding(
                part: Self.part, state: .broken, detail: "\(place) cannot be used: \(error)",
                remedy: place.remedy(for: "\(error)"))
        }
    }

    /// nil for a bucket, and for a folder of another machine or of a path relative to another process's.
    private func disk(_ place: FilePlace, _ instances: [RunningHub.Instance]) -> Finding? {
        guard case .folder(let path) = place, path.hasPrefix("/"),
            instances.allSatisfy({ $0.record.machine == ThisMachine.name })
        else { return nil }
        return disk(Self.part, DataFolder(path), full: "uploads and certificates are refused")
    }
}

/// Where a hub keeps files.
private enum FilePlace: Equatable, CustomStringConvertible {
    case bucket(String, endpoint: String?)
    case folder(String)

    /// - Parameter unset: the folder of `up` when the settings name no place; nil for the setting's default.
    init(_ settings: Settings, unset: String?) {
        if let bucket = settings.shown(named: ObjectSettings.bucket.name) {
            self = .bucket(bucket, endpoint: settings.shown(named: ObjectSettings.endpoint.name))
        } else {
            let folder = settings.shown(named: ObjectSettings.folder.name) ?? ""
            self = .folder(settings.isSet(ObjectSettings.folder) ? folder : unset ?? folder)
        }
    }

    var description: String {
        switch self {
        case .bucket(let name, let endpoint): "the bucket \(name)\(endpoint.map { " at \($0)" } ?? "")"
        case .folder(let path): "the folder \(path)"
        }
    }

    /// - Parameter reason: an error of the store; for a bucket with S3's error code.
    func remedy(for reason: String) -> String {
        guard case .bucket = self else {
            return
                "the user of the hub must be able to write there: check its owner, mode and disk, and \(ObjectSettings.folder.name)"
        }
        let (id, secret) = (ObjectSettings.accessKeyID.name, ObjectSettings.secretAccessKey.name)
        if reason.contains("no bucket") || reason.contains("NoSuchBucket") {
            return "create the bucket, or correct \(ObjectSettings.bucket.name) and start the services again"
        }
        if reason.contains("InvalidAccessKeyId") || reason.contains("SignatureDoesNotMatch") {
            return "correct \(id) and \(secret), and restart the services"
        }
        if reason.contains("AccessDenied") || reason.contains("403") {
            return "give \(id) the right to list, read, write and delete in the bucket"
        }
        if reason.contains("RequestTimeTooSkewed") { return "correct the clocks of the hub's machines" }
        return "check that the machines of the services can reach \(ObjectSettings.endpoint.name)"
    }
}
