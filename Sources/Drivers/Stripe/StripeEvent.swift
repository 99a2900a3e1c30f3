#if canImport(FoundationEssentials)
public import FoundationEssentials
#else
public import Foundation
#endif

/// A Stripe webhook event: its type and the ids of its objects. The handler fetches the current state from Stripe, so the order of events
/// does not matter.
public struct StripeEvent: Sendable, Hashable {
    public let id: String
    /// The type, such as `payment_intent.succeeded`.
    public let type: String
    public let createdAt: Date
    /// The id of the event's object, such as `pi_…` or `sub_…`.
    public let objectID: String
    /// The subscription that an invoice charges.
    public let subscriptionID: String?
    public let metadata: [String: String]

    /// nil when the bytes are not an event.
    public init?(json bytes: [UInt8]) {
        guard let view = try? JSONDecoder().decode(View.self, from: Data(bytes)), !view.id.isEmpty else { return nil }
        id = view.id
        type = view.type
        createdAt = Date(timeIntervalSince1970: view.created)
        objectID = view.data.object.id ?? ""
        subscriptionID = view.data.object.subscription
        metadata = view.data.object.metadata ?? [:]
    }

    private struct View: Decodable {
        struct Payload: Decodable { let object: Object }
        struct Object: Decodable {
            private enum CodingKeys: CodingKey { case id, metadata, subscription, parent }
            /// Since the API version 2025-03-31 an invoice names its subscription here.
            private struct Parent: Decodable {
                private enum CodingKeys: String, CodingKey { case details = "subscription_details" }
                struct Details: Decodable { let subscription: String? }
                let details: Details?
            }
            let id: String?
            let metadata: [String: String]?
            let subscription: String?

            /// Objects of other types may have a field with the name `subscription` and another type.
            init(from decoder: any Decoder) throws {
                let fields = try decoder.container(keyedBy: CodingKeys.self)
                id = try fields.decodeIfPresent(String.self, forKey: .id)
                metadata = try fields.decodeIfPresent([String: String].self, forKey: .metadata)
                let parent = try? fields.decodeIfPresent(Parent.self, forKey: .parent)
                subscription =
                    (try? fields.decodeIfPresent(String.self, forKey: .subscription))
                    ?? parent?.details?.subscription
            }
        }
        let id, type: String
        let created: Double
        let data: Payload
    }
}
