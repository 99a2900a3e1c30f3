internal import HTTP

/// The body of a request to Stripe: `amount=4999&metadata[paymentId]=pay_1`, as `application/x-www-form-urlencoded`.
struct StripeForm: ExpressibleByDictionaryLiteral {
    private var fields: [(name: String, value: String)] = []

    /// - Parameter elements: in order; fields without a value are omitted.
    init(dictionaryLiteral elements: (String, String?)...) {
        for (name, value) in elements { add(name, value) }
    }

    mutating func add(_ name: String, _ value: String?) {
        if let value { fields.append((name, value)) }
    }

    mutating func add(metadata: [String: String]) {
        for (name, value) in metadata.sorted(by: { $0.key < $1.key }) { add("metadata[\(name)]", value) }
    }

    var text: String {
        fields.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }.joined(separator: "&")
    }
}
