import Avro
import Contracts
import Testing

@Suite struct MoneyTests {
    @Test(arguments: [
        ("49.99", 4_999, "49.99"), ("5", 500, "5.00"), ("-0.5", -50, "-0.50"),
        ("9999999999.99", 999_999_999_999, "9999999999.99"),
    ])
    func `amounts are exact`(text: String, hundredths: Int64, amount: String) throws {
        let money = try #require(Money(text, .usd))
        #expect(money.hundredths == hundredths)
        #expect(money.amount == amount)
        #expect(money == Money(hundredths: hundredths, currency: .usd))
    }

    @Test(arguments: ["0.001", "10000000000", "-10000000000", "", "1,5", "NaN", "1e10"])
    func `an amount with too many digits, or not a number, is refused`(text: String) {
        #expect(Money(text, .eur) == nil)
    }

    @Test(
        arguments: [
            0, 1, -1, 127, 128, -128, -129, 255, 256, 4_999, 32_767, 32_768, -32_769, 999_999_999_999, -999_999_999_999,
        ] as [Int64])
    func `an amount has the minimum number of bytes`(hundredths: Int64) throws {
        var encoder = AvroEncoder()
        encoder.write(decimal: hundredths)
        let general = AvroDecimal(unscaled: Int128(hundredths), scale: 2).bytes
        #expect(Array(encoder.bytes.dropFirst()) == general)
        #expect(try encoder.bytes.decodingAvro { (decoder) throws(AvroError) in try decoder.decimal() } == hundredths)
    }

    @Test func `a currency is three capital letters`() {
        #expect(Currency(rawValue: "JPY") != nil)
        for text in ["", "US", "USDX", "usd", "U$D", "ÄÖÜ"] { #expect(Currency(rawValue: text) == nil) }
    }
}
