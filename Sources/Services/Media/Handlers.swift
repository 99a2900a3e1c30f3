internal import Contracts
internal import Messaging
internal import Postgres

/// What this service does when something happens elsewhere. The names are frozen.
struct Handlers: Sendable {
    let operations: Operations

    /// In the service's own group.
    var own: [Handler] { [Handler(name: "eraseUploadsOnUserDeleted", on: UserDeleted.self, eraseUploadsOnUserDeleted)] }

    /// In the group of those that make renditions.
    var transcoders: [Handler] {
        [Handler(name: "transcodeOnMediaUploaded", on: MediaUploaded.self, transcodeOnMediaUploaded)]
    }

    func eraseUploadsOnUserDeleted(_ received: Received<UserDeleted>, _ tx: Transaction) async throws {
        try await operations.erase(received.event.userID, at: received.event.deletedAt, on: tx)
    }

    func transcodeOnMediaUploaded(_ received: Received<MediaUploaded>, _ tx: Transaction) async throws {
        try operations.beginTranscoding(received.event.mediaID, on: tx)
    }
}
