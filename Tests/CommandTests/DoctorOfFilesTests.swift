import Foundation
import HubTesting
import SystemTesting
import Testing

/// `doctor` on the storage of uploads and certificates.
@Suite(.serialized) struct DoctorOfFilesTests {
    private func objects(_ hub: HubUnderTest, _ environment: [String: String] = [:]) async throws -> String {
        let output = try await hub.command(["doctor"], environment).output
        return output.split(separator: "\n").first { $0.dropFirst(2).hasPrefix("objects ") }.map(String.init) ?? output
    }

    private func settings(_ server: S3Server) -> [String: String] {
        [
            "S3_ENDPOINT": server.endpoint, "S3_BUCKET": server.bucket, "AWS_REGION": server.region,
            "AWS_ACCESS_KEY_ID": server.accessKeyID, "AWS_SECRET_ACCESS_KEY": server.secretAccessKey,
        ]
    }

    @Test(arguments: [
        ("nothing", "", "", "media and certificate use the bucket hub-objects at http://", "✔"),
        (
            "secret", "AWS_SECRET_ACCESS_KEY", "a secret that is wrong but long enough", "SignatureDoesNotMatch",
            "correct AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ),
        ("key", "AWS_ACCESS_KEY_ID", "AKIANOBODY", "InvalidAccessKeyId", "correct AWS_ACCESS_KEY_ID"),
        ("bucket", "S3_BUCKET", "no-such-bucket", "there is no bucket of that name", "create the bucket"),
        ("endpoint", "S3_ENDPOINT", "http://127.0.0.1:9", "http://127.0.0.1:9", "can reach S3_ENDPOINT"),
    ])
    func `a bucket that cannot be used is told with the reason and what to do`(
        wrong: String, name: String, value: String, reason: String, remedy: String
    ) async throws {
        var environment = settings(try await S3Server.shared)
        if !name.isEmpty { environment[name] = value }
        let hub = try await HubUnderTest.inManyProcesses(["media", "certificate"], environment)
        let line = try await objects(hub)
        #expect(line.contains(reason) && line.contains(remedy) && line.hasPrefix(name.isEmpty ? "✔" : "✘"), "\(line)")
        #expect(!line.contains("AKIANOBODY") && !line.contains("a secret that is wrong"), "\(line)")
        #expect(try await hub.stop() == [0, 0])
    }

    @Test func `a folder that cannot be used, or is nearly full, is told so`() async throws {
        let hub = try await HubUnderTest.inOneProcess()
        let sound = try await objects(hub)
        #expect(sound.hasPrefix("✔") && sound.contains("use the folder \(hub.dataFolder)/objects, "), "\(sound)")
        #expect(sound.contains(" MB free at "), "\(sound)")
        // Its folder is gone while it runs: the next upload would be refused.
        try FileManager.default.removeItem(atPath: "\(hub.dataFolder)/objects")
        _ = FileManager.default.createFile(atPath: "\(hub.dataFolder)/objects", contents: nil)
        let broken = try await eventually("the services have noticed") {
            let line = try await objects(hub)
            return line.contains("service cannot use the folder") ? line : nil
        }
        #expect(broken.hasPrefix("✘"), "\(broken)")
        #expect(broken.contains("the user of the hub must be able to write there"), "\(broken)")
        #expect(try await hub.stop() == [0])
    }

    @Test(.enabled(if: SmallDisk.obstacle == nil, "no small disk"))
    func `a small disk for files is told, and a file that is in the way`() async throws {
        let disk = try SmallDisk(mebibytes: 8)
        defer { disk.remove() }
        let hub = try await HubUnderTest.inManyProcesses(["media"], ["HUB_OBJECTS_FOLDER": disk.path])
        let small = try await objects(hub)
        #expect(small.hasPrefix("!") && small.contains("8 MB free at \(disk.path)"), "\(small)")
        #expect(small.contains("when the disk is full, uploads and certificates are refused"), "\(small)")
        #expect(try await hub.stop() == [0])
        // Nothing runs: the folder is looked at all the same.
        let file = "\(disk.path)/file"
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        let alone = try await objects(hub, ["HUB_OBJECTS_FOLDER": "\(file)/objects"])
        #expect(alone.hasPrefix("✘") && alone.contains("\(file) is a file"), "\(alone)")
    }
}
