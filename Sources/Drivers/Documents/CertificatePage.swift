internal import CDrawing

/// A certificate on one landscape A4 page as PDF, with text in any script. The same certificate gives the same bytes as long as the
/// machine's fonts are the same; its text can be searched and copied.
public struct CertificatePage: Sendable {
    /// The labels around the facts, in the learner's language.
    public struct Labels: Sendable {
        public var heading, certifies, completed: String

        public init(heading: String, certifies: String, completed: String) {
            self.heading = heading
            self.certifies = certifies
            self.completed = completed
        }
    }

    public var labels: Labels
    public var learnerName: String
    public var courseTitle: String
    /// The date and the optional score, as printed.
    public var facts: String
    /// The short verification code.
    public var code: String
    /// The verification URL, shown as a QR code.
    public var verificationAddress: String
    /// The issue time in ISO 8601, stored in the PDF metadata.
    public var issuedAt: String

    public init(
        labels: Labels, learnerName: String, courseTitle: String, facts: String, code: String,
        verificationAddress: String, issuedAt: String
    ) {
        self.labels = labels
        self.learnerName = learnerName
        self.courseTitle = courseTitle
        self.facts = facts
        self.code = code
        self.verificationAddress = verificationAddress
        self.issuedAt = issuedAt
    }

    /// Draws the page. Takes some milliseconds of CPU: call it on a pool thread. Long names and titles are shrunk to fit.
    public func pdf() throws(DrawingError) -> DrawnPage {
        let page = try Page(width: 841.89, height: 595.28, title: labels.heading, created: issuedAt)
        page.frame(hub_box(x: 24, y: 24, width: 793.89, height: 547.28), lineWidth: 3)
        page.frame(hub_box(x: 31, y: 31, width: 779.89, height: 533.28), lineWidth: 0.75)
        page.text(labels.heading, .heading, y: 66, height: 44)
        page.text(labels.certifies, .note, y: 130, height: 22)
        page.text(learnerName, .name, y: 160, height: 66)
        page.text(labels.completed, .note, y: 236, height: 22)
        page.text(courseTitle, .title, y: 264, height: 76)
        page.text(facts, .note, y: 352, height: 24)
        try page.code(verificationAddress, hub_box(x: 360.945, y: 388, width: 120, height: 120))
        page.text(code, .code, y: 506, height: 18)
        page.text(verificationAddress, .address, y: 526, height: 16)
        return try page.finish()
    }
}

/// A PDF page.
public struct DrawnPage: Sendable {
    public let bytes: [UInt8]
    /// Whether the machine has a font for every character. Missing characters appear as boxes.
    public let hasEveryFont: Bool
}

/// Why a page was not drawn.
public enum DrawingError: Error, Sendable, Equatable {
    case outOfMemory
    /// The verification URL is too long for a QR code.
    case addressTooLong
}

/// The style of one kind of text.
private struct TextStyle {
    let family: StaticString
    let isBold: Bool
    let sizes: ClosedRange<Double>
    let colour: hub_colour

    static let heading = TextStyle(family: "Noto Serif", isBold: true, sizes: 14...30, colour: .accent)
    static let name = TextStyle(family: "Noto Serif", isBold: true, sizes: 10...42, colour: .ink)
    static let title = TextStyle(family: "Noto Serif", isBold: false, sizes: 9...26, colour: .ink)
    static let note = TextStyle(family: "Noto Sans", isBold: false, sizes: 9...14, colour: .soft)
    static let code = TextStyle(family: "Noto Sans", isBold: true, sizes: 8...12, colour: .ink)
    static let address = TextStyle(family: "Noto Sans", isBold: false, sizes: 6...9, colour: .soft)
}

extension hub_colour {
    fileprivate static let ink = hub_colour(red: 0.13, green: 0.15, blue: 0.22)
    fileprivate static let accent = hub_colour(red: 0.16, green: 0.36, blue: 0.60)
    fileprivate static let soft = hub_colour(red: 0.38, green: 0.41, blue: 0.48)
}

/// Owns the libraries' page during one drawing.
private final class Page {
    private let page: OpaquePointer
    private var hasEveryFont = true

    /// The distance of text from the frame.
    private static let margin = 71.0
    private let textWidth: Double

    init(width: Double, height: Double, title: String, created: String) throws(DrawingError) {
        guard let page = hub_page_new(width, height, title, created) else { throw .outOfMemory }
        self.page = page
        textWidth = width - 2 * Self.margin
    }

    deinit { hub_page_free(page) }

    func frame(_ box: hub_box, lineWidth: Double) { hub_page_frame(page, box, lineWidth, .accent) }

    func text(_ text: String, _ style: TextStyle, y: Double, height: Double) {
        let box = hub_box(x: Self.margin, y: y, width: textWidth, height: height)
        let isKnown = style.family.description.withCString { family in
            hub_page_text(
                page, text,
                hub_text_style(
                    family: family, is_bold: style.isBold ? 1 : 0, size_max: style.sizes.upperBound,
                    size_min: style.sizes.lowerBound, colour: style.colour), box)
        }
        if isKnown == 0 { hasEveryFont = false }
    }

    func code(_ text: String, _ box: hub_box) throws(DrawingError) {
        guard hub_page_qr(page, text, box) == 1 else { throw .addressTooLong }
    }

    func finish() throws(DrawingError) -> DrawnPage {
        var count = 0
        guard let bytes = hub_page_finish(page, &count) else { throw .outOfMemory }
        return DrawnPage(bytes: Array(UnsafeBufferPointer(start: bytes, count: count)), hasEveryFont: hasEveryFont)
    }
}
