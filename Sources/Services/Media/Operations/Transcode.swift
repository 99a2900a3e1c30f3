internal import Contracts
internal import HTTP
internal import Messaging
internal import ObjectStore
internal import Platform
internal import Postgres
internal import Secrets

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The task of creating a medium's renditions.
struct Transcode: TaskPayload {
    static let kind = "transcode"
    let mediaID: String
}

extension Operations {
    func beginTranscoding(_ id: MediaID, on tx: Transaction) throws {
        try tasks.enqueue(Transcode(mediaID: id.rawValue), key: id.rawValue, on: tx)
    }

    /// Creates the renditions and sends the event. A permanent failure sends an event too.
    /// - Throws: temporary failures: ffmpeg was killed or timed out, or the object store is unavailable.
    func transcode(_ task: Transcode, _ run: TaskRun) async throws {
        let id = try MediaID(validating: task.mediaID)
        guard let medium = try await store.find(id, on: database) else {
            return try await database.transaction { tx in
                try await removeObjects(ofDeleted: id, on: tx)
                try await run.finish(on: tx)
            }
        }
        guard medium.mayBeTranscoded else { return }
        do {
            let made = try await renditions(of: medium)
            try await end(id, made: made, run)
        } catch let refusal as FFmpeg.Refusal {
            try await database.transaction { tx in
                try await fail(id, refusal.reason, on: tx)
                try await run.finish(on: tx)
            }
        }
    }

    /// The failure text after too many attempts.
    func giveUp(_ task: Transcode, on tx: Transaction) async throws {
        let reason =
            "Processing the file failed several times or took too long. Try a shorter or simpler version of it."
        try await fail(try MediaID(validating: task.mediaID), reason, on: tx)
    }

    // MARK: Results

    private func end(_ id: MediaID, made: Made, _ run: TaskRun) async throws {
        try await database.transaction { tx in
            if var medium = try await store.lock(id, on: tx), medium.mayBeTranscoded {
                medium.state = .ready
                medium.error = nil
                medium.durationSeconds = made.durationSeconds
                store.update(medium, on: tx)
                for (position, rendition) in made.renditions.enumerated() {
                    store.insert(rendition, at: position, of: id, on: tx)
                }
                try tell(medium, made.renditions, on: tx)
            } else {
                try await removeObjects(ofDeleted: id, on: tx)
            }
            try await run.finish(on: tx)
        }
    }

    private func fail(_ id: MediaID, _ reason: String, on tx: Transaction) async throws {
        guard var medium = try await store.lock(id, on: tx) else {
            return try await removeObjects(ofDeleted: id, on: tx)
        }
        guard medium.mayBeTranscoded else { return }
        medium.state = .failed
        medium.error = reason
        store.update(medium, on: tx)
        try tell(medium, [], on: tx)
    }

    /// Deletes the renditions that this attempt or an earlier one stored after the owner was erased. Does nothing for an existing medium.
    private func removeObjects(ofDeleted id: MediaID, on tx: Transaction) async throws {
        if try await !store.exists(id, on: tx) { try enqueueLateRemoval(of: id, on: tx) }
    }

    private func tell(_ medium: Medium, _ renditions: [Rendition], on tx: Transaction) throws {
        try outbox.append(
            MediaProcessed(
                mediaID: medium.id, courseID: medium.place.courseID, lessonID: medium.place.lessonID,
                status: medium.state == .ready ? .ready : .failed, durationSeconds: medium.durationSeconds,
                renditions: renditions.map { rendition in
                    MediaRendition(
                        name: rendition.name, contentType: rendition.contentType, storageKey: rendition.key,
                        width: rendition.width.map(Int32.init(clamping:)),
                        height: rendition.height.map(Int32.init(clamping:)), sizeBytes: rendition.sizeBytes)
                }, error: medium.error, processedAt: now()),
            on: tx)
    }

    // MARK: Renditions

    private struct Made {
        var renditions: [Rendition]
        var durationSeconds: Double?
    }

    private func renditions(of medium: Medium) async throws -> Made {
        let original = try ObjectKey(MediaKeys.original(of: medium.id))
        if medium.type.family == .document {
            let document = Rendition(
                name: "document.pdf", contentType: medium.type.rawValue, key: original.text, sizeBytes: medium.sizeBytes
            )
            return Made(renditions: [document])
        }
        let folder = WorkFolder(pool: files, loops: loops)
        do {
            let input = try await folder.fetch(original, from: objects)
            let outputs =
                switch medium.type.family {
                case .video: try await ffmpeg.video(input, medium.type.ffmpegFormat, into: folder.path)
                default: try await ffmpeg.image(input, medium.type.ffmpegFormat, into: folder.path)
                }
            var made = Made(renditions: [], durationSeconds: outputs.durationSeconds)
            for output in outputs.files { made.renditions.append(try await keep(output, of: medium.id, folder)) }
            await folder.remove()
            return made
        } catch {
            await folder.remove()
            throw error
        }
    }

    private func keep(_ output: FFmpeg.Output, of id: MediaID, _ folder: WorkFolder) async throws -> Rendition {
        let key = try ObjectKey(MediaKeys.rendition(output.name, of: id))
        let put = try await objects.put(
            try await folder.body(of: output.name), at: key, contentType: output.contentType, sha256: nil)
        return Rendition(
            name: output.name, contentType: output.contentType, key: key.text, width: output.width,
            height: output.height, sizeBytes: put.sizeBytes)
    }
}
