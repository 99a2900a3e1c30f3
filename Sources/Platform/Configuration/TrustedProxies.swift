public import HTTP

/// Who may set `X-Forwarded-For`.
public struct TrustedProxies: SettingValue {
    public let ranges: [IPRange]
    public let settingText: String

    public static var settingType: String { "comma-separated addresses and ranges" }

    public init?(settingText: String) {
        var ranges: [IPRange] = []
        for text in settingText.split(separator: ",") {
            guard let range = IPRange(text.trimmed()) else { return nil }
            ranges.append(range)
        }
        self.ranges = ranges
        self.settingText = settingText
    }
}
