internal import HTTP
internal import Platform

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// Pages of the development mailbox. A mail's HTML is shown in a sandboxed frame without scripts, forms and origin, under a content
/// security policy that loads no resources.
enum MailboxPages {
    private static let path = "/dev/mailbox"

    /// - Parameters:
    ///   - address: the recipient; nil for all.
    ///   - next: the URL of the next page.
    static func list(_ mails: [MailboxItem], to address: String?, next: String?) -> HTTPResponse {
        let rows = mails.map { mail in
            """
            <tr><td><a href="\(path)/\(mail.place.rawValue)">\(HubPage.escape(mail.subject))</a></td>\
            <td>\(HubPage.escape(mail.to))</td><td>\(time(mail))</td></tr>

            """
        }
        let table = """
            <table>
            <thead><tr><th scope="col">Subject</th><th scope="col">To</th><th scope="col">When</th></tr></thead>
            <tbody>
            \(rows.joined())</tbody>
            </table>
            """
        let more = next.map { "<p><a href=\"\(HubPage.escape($0))\">Older mails</a></p>" } ?? ""
        return HubPage.response(
            title: "Mailbox – Learning Hub",
            main: """
                <h1>The development mailbox</h1>
                <p>The mails of the hub, newest first. They are stored here because no mail server is configured.
                Programs get JSON from the same address.</p>
                <form>
                <label>To <input type="email" name="to" value="\(HubPage.escape(address ?? ""))" required></label>
                <button>Filter</button> <a href="\(path)">Show all</a>
                </form>
                \(mails.isEmpty ? "<p>There is no mail\(address == nil ? "" : " to this address") yet.</p>" : table)
                \(more)
                """)
    }

    /// - Parameter source: the mail in its SMTP form.
    static func one(_ mail: MailboxItem, source: String) -> HTTPResponse {
        HubPage.response(
            title: "\(mail.subject) – Learning Hub",
            main: """
                <h1>\(HubPage.escape(mail.subject))</h1>
                <p>To \(HubPage.escape(mail.to)), \(time(mail)).
                <a href="\(path)">All mails</a></p>
                <h2>HTML</h2>
                <iframe sandbox title="The mail in HTML" srcdoc="\(HubPage.escape(mail.html))"></iframe>
                <h2>Text</h2>
                <pre>\(HubPage.escape(mail.text))</pre>
                <h2>Source</h2>
                <pre>\(HubPage.escape(source))</pre>
                """)
    }

    private static func time(_ mail: MailboxItem) -> String {
        let moment = mail.receivedAt.formatted(.iso8601)
        let words = moment.replacing("T", with: " ").replacing("Z", with: " UTC")
        return "<time datetime=\"\(moment)\">\(words)</time>"
    }
}
