internal import Contracts
internal import Messaging
internal import Postgres

/// Reactions to events of other services. The names must not change.
struct Handlers: Sendable {
    let operations: Operations

    /// In the service's main group.
    var own: [Handler] { [Handler(name: "eraseUploadsOnUserDeleted", on: UserDeleted.self, eraseUploadsOnUserDeleted)] }

    /// In the transcoding group.
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
