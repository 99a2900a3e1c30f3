// Swift 6.3.1: `_nfc` is the standard library's normalisation. The public API requires Foundation, which loads ICU's tables into
// every process.
@_spi(_Unicode) internal import Swift

extension String {
    /// The text in Unicode normalisation form C (NFC).
    var composed: String {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: _nfc)
        return String(scalars)
    }

    func trimmingWhitespace() -> String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
