// `_nfc` is the standard library's own normalisation. The public spelling is in the whole of Foundation, which brings ICU's
// tables into the memory of every process.
@_spi(_Unicode) internal import Swift

extension String {
    /// The text in Unicode's composed form, NFC.
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
