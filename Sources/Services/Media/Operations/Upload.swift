internal import Contracts
internal import EventLoop
internal import FileTypes
internal import HTTP
internal import Messaging
internal import ObjectStore
internal import Platform
internal import Postgres

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

extension Operations {
    /// Starts an upload.
    /// - Throws: ``MediaError``; 404 for a course or lesson the caller does not teach; ``ServiceCallError``.
    func announce(_ file: Announcement, by identity: Identity, _ owner: UserID, _ once: Once) async throws -> Medium {
        let place = try await place(of: file.place, for: identity)
        return try await database.transaction { tx in
            try await once.run(on: tx) {
                if try await store.people.lock(owner, on: tx).isErased() { throw MediaError.notAllowed }
                let usage = try await store.findUsage(of: owner, on: tx)
                guard usage.uploadCount < Medium.uploadsPerPersonMax else { throw MediaError.tooManyUploads }
                guard usage.sizeBytes + file.sizeBytes <= quotaBytes else {
                    throw MediaError.quotaExceeded(bytesMax: quotaBytes)
                }
                let medium = Medium(
                    id: .make(at: now()), ownerID: owner, place: place, fileName: file.fileName, type: file.type,
                    sizeBytes: file.sizeBytes, sha256: file.sha256, createdAt: now())
                store.insert(medium, on: tx)
                return medium
            } again: { id in
                guard let medium = try await store.find(id, on: tx) else { throw MediaError.notFound }
                return medium
            }
        }
    }

    /// Checks the target course and lesson at the course service.
    private func place(of wanted: MediaPlace, for identity: Identity) async throws -> MediaPlace {
        var place = wanted
        do {
            if let id = wanted.lessonID {
                let lesson = try await client.get(.course, "/internal/lessons/\(id)", as: TaughtLesson.self)
                guard identity.mayTeach(as: lesson.instructorId), wanted.courseID ?? lesson.courseId == lesson.courseId
                else { throw MediaError.notFound }
                place.courseID = lesson.courseId
            } else if let id = wanted.courseID {
                let course = try await client.get(.course, "/internal/courses/\(id)", as: TaughtCourse.self)
                guard identity.mayTeach(as: course.instructorId) else { throw MediaError.notFound }
            }
        } catch ServiceCallError.refused(_, let problem) where problem.status == .notFound {
            throw MediaError.notFound
        }
        return place
    }

    /// Stores a part, replacing an earlier one with the same number.
    /// - Throws: ``MediaError``; ``ObjectStoreError``.
    func put(_ body: HTTPBody, as number: Int, of id: MediaID, by identity: Identity) async throws {
        let medium = try await find(id, for: identity).medium
        guard medium.state == .uploading else { throw MediaError.alreadyComplete }
        guard let sizeBytes = body.length else { throw ObjectStoreError.wrongLength }
        guard medium.hasRoom(for: sizeBytes, as: number, beside: try await store.listParts(of: id, on: database)) else {
            throw MediaError.partsTooLarge
        }
        let key = try ObjectKey(MediaKeys.part(number, of: id))
        try await objects.put(body, at: key, contentType: "application/octet-stream", sha256: nil)
        let refusal: MediaError? = try await database.transaction { tx in
            guard try await store.lock(id, on: tx)?.state == .uploading else { return .alreadyComplete }
            // Other parts may have been stored meanwhile.
            guard medium.hasRoom(for: sizeBytes, as: number, beside: try await store.listParts(of: id, on: tx)) else {
                store.deletePart(number, of: id, on: tx)
                return .partsTooLarge
            }
            store.upsertPart(number, of: id, sizeBytes: sizeBytes, on: tx)
            return nil
        }
        guard let refusal else { return }
        // Nothing else would delete this part.
        try await objects.delete(key)
        throw refusal
    }

    /// Assembles the parts if they match the announced file, and schedules transcoding. Idempotent; one request of a medium at a time,
    /// because a file can have gigabytes.
    /// - Throws: ``MediaError``; ``ObjectStoreError``.
    func complete(_ id: MediaID, by identity: Identity) async throws -> Medium {
        let medium = try await find(id, for: identity).medium
        guard medium.state == .uploading else { return medium }
        let end = now().addingTimeInterval(Medium.assemblyTimeMax)
        guard try await store.beginAssembly(of: id, at: now(), until: end, on: database) else {
            let medium = try await find(id, for: identity).medium
            if medium.state == .uploading { throw MediaError.beingAssembled }
            return medium
        }
        do {
            return try await accept(id, at: try await assemble(medium))
        } catch {
            // Also for a client that is gone: its next request need not wait.
            try? await loops.next().shielded("the end of an assembly") { [store, database] in
                try await store.endAssembly(of: id, until: end, on: database)
            }
            // Another process that took longer than the limit may have completed the upload, and deleted parts that were still read here.
            if let medium = try? await store.find(id, on: database), medium.state != .uploading { return medium }
            throw error
        }
    }

    private func accept(_ id: MediaID, at key: ObjectKey) async throws -> Medium {
        let completed: Medium? = try await database.transaction { tx in
            guard var medium = try await store.lock(id, on: tx) else {
                // The upload was deleted after its parts were read.
                try enqueueLateRemoval(of: id, on: tx)
                return nil
            }
            guard medium.state == .uploading, let owner = medium.ownerID else { return medium }
            medium.state = .processing
            store.update(medium, on: tx)
            store.deleteParts(of: id, on: tx)
            let parts = MediaKeys.parts(of: id)
            try tasks.enqueue(RemoveObjects(prefix: parts), key: parts, on: tx)
            try outbox.append(
                MediaUploaded(
                    mediaID: id, ownerID: owner, courseID: medium.place.courseID, lessonID: medium.place.lessonID,
                    fileName: medium.fileName, contentType: medium.type.rawValue, sizeBytes: medium.sizeBytes,
                    sha256: medium.sha256, storageKey: key.text, uploadedAt: now()),
                on: tx)
            return medium
        }
        guard let completed else { throw MediaError.notFound }
        return completed
    }

    /// Assembles the parts into one object, with length and checksum checked.
    private func assemble(_ medium: Medium) async throws -> ObjectKey {
        let parts = try await store.listParts(of: medium.id, on: database)
        guard parts.reduce(0, { $0 + $1.sizeBytes }) == medium.sizeBytes else { throw MediaError.partsMissing }
        let keys = try parts.map { try ObjectKey(MediaKeys.part($0.number, of: medium.id)) }
        let file = Parts(keys, in: objects)
        let sample = try await file.begin()
        guard try await MediaType(detected: files.run { try FileType.detect(sample) }) == medium.type else {
            throw MediaError.wrongType
        }
        let key = try ObjectKey(MediaKeys.original(of: medium.id))
        do {
            try await objects.put(
                .stream(length: medium.sizeBytes) { try await file.next() }, at: key,
                contentType: medium.type.rawValue, sha256: hexadecimal(medium.sha256))
        } catch {
            throw error == .wrongChecksum || error == .wrongLength ? MediaError.wrongChecksum : error
        }
        return key
    }
}

private struct TaughtCourse: Decodable {
    let instructorId: UserID
}

private struct TaughtLesson: Decodable {
    let courseId: CourseID
    let instructorId: UserID
}

/// Reads objects one after the other. One reader.
private actor Parts {
    private var keys: ArraySlice<ObjectKey>
    private let objects: any ObjectStore
    private var current: HTTPBody.AsyncIterator?

    init(_ keys: [ObjectKey], in objects: any ObjectStore) {
        self.keys = keys[...]
        self.objects = objects
    }

    /// The first bytes for detecting the type, which may span several objects.
    func begin() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for key in keys {
            let left = FileType.sampleBytesMax - bytes.count
            guard left > 0, let opened = try await objects.get(key, from: 0, countMax: left) else { break }
            bytes += try await opened.body.collect(bytesMax: left)
        }
        return bytes
    }

    func next() async throws -> [UInt8]? {
        while true {
            if var body = current {
                let chunk = try await body.next()
                current = chunk == nil ? nil : body
                if let chunk { return chunk }
            }
            guard let key = keys.popFirst() else { return nil }
            guard let opened = try await objects.get(key) else { throw MediaError.partsMissing }
            current = opened.body.makeAsyncIterator()
        }
    }
}

/// Decodes hexadecimal digits.
private func hexadecimal(_ digits: String) -> [UInt8] {
    let values = digits.compactMap(\.hexDigitValue)
    return stride(from: 0, to: values.count - 1, by: 2).map {
        UInt8(truncatingIfNeeded: values[$0] << 4 | values[$0 + 1])
    }
}
