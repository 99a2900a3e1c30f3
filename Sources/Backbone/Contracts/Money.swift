import Avro

/// An exact amount of money: two decimals, at most 9,999,999,999.99 either way.
public struct Money: Hashable, Sendable, CustomStringConvertible {
    /// The largest amount, in hundredths.
    public static let hundredthsMax: Int64 = 999_999_999_999

    /// The amount times one hundred, in every currency.
    public let hundredths: Int64
    public let currency: Currency

    /// Nil when the amount has more than ten digits before the point.
    public init?(hundredths: Int64, currency: Currency) {
        guard (-Self.hundredthsMax...Self.hundredthsMax).contains(hundredths) else { return nil }
        self.hundredths = hundredths
        self.currency = currency
    }

    private init(_ currency: Currency) {
        hundredths = 0
        self.currency = currency
    }

    /// Nothing.
    public static func zero(in currency: Currency) -> Money { Money(currency) }

    /// Parses `49.99`, `5`, `-0.5`; nil for anything finer than a hundredth, too large, or not a number.
    public init?(_ amount: String, _ currency: Currency) {
        guard let decimal = AvroDecimal(amount, scale: 2), let hundredths = Int64(exactly: decimal.unscaled) else {
            return nil
        }
        self.init(hundredths: hundredths, currency: currency)
    }

    /// Always with two decimals: `49.99`, `5.00`.
    public var amount: String { AvroDecimal(unscaled: Int128(hundredths), scale: 2).description }

    public var description: String { "\(amount) \(currency)" }
}

/// An ISO-4217 code: three capital letters.
public struct Currency: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: String

    /// Nil unless the text is three capital letters.
    public init?(rawValue: String) {
        guard rawValue.utf8.count == 3, rawValue.utf8.allSatisfy({ (65...90).contains($0) }) else { return nil }
        self.rawValue = rawValue
    }

    private init(known: String) { rawValue = known }

    public static let usd = Currency(known: "USD")
    public static let eur = Currency(known: "EUR")
    public static let gbp = Currency(known: "GBP")

    public var description: String { rawValue }
}

extension AvroEncoder {
    /// The amount alone, as the decimal(12,2) it is.
    mutating func writeAmount(_ money: Money) {
        write(decimal: money.hundredths)
    }
}

extension AvroDecoder {
    /// An amount and the currency that follows it.
    mutating func money() throws(AvroError) -> Money {
        let hundredths = try decimal()
        let start = position
        guard let currency = Currency(rawValue: try string()) else {
            throw AvroError(.invalidValue, "not an ISO-4217 currency", at: start)
        }
        guard let money = Money(hundredths: hundredths, currency: currency) else {
            throw AvroError(.invalidValue, "an amount of more than 12 digits", at: start)
        }
        return money
    }
}
