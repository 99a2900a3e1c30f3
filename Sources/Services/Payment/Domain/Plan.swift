#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif
internal import Contracts

/// The subscription plan. It covers every course that is for sale.
enum Plan: String, Sendable, CaseIterable {
    case pro = "PRO"

    var name: String { "Learning Hub Pro" }
}

/// A plan with its monthly or yearly price.
struct PlanOffer: Sendable, Equatable {
    let plan: Plan
    let interval: BillingInterval
    let price: Money
}

/// A person's plan and the end of its paid period.
struct Subscription: Identifiable, Sendable, Equatable {
    enum Status: String, Sendable {
        /// The first charge is in progress.
        case initiated = "INITIATED"
        case active = "ACTIVE"
        case failed = "FAILED"
        case ended = "ENDED"
    }

    let id: SubscriptionID
    let userID: UserID
    let offer: PlanOffer
    let createdAt: Date
    var status: Status
    var currentPeriodEnd: Date?
    var stripeID: String?
}
