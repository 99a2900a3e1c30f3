import Mail
import Testing

@Suite struct SMTPURLTests {
    @Test func `every part of the setting is read`() throws {
        let url = try SMTPURL(
            "smtps://ana%40x:p%2Fw%3A%C3%A9@mail.example.org:2465/hub.example.org?tls=required&ca=/a%20b.pem")
        #expect(url.isImplicitTLS)
        #expect(url.host == "mail.example.org" && url.port == 2_465)
        #expect(url.user == "ana@x")
        #expect(url.greetingName == "hub.example.org")
        #expect(url.security == .required)
        #expect(url.caFile == "/a b.pem")
    }

    @Test func `ports and security have defaults`() throws {
        #expect(try SMTPURL("smtp://mail.example.org").port == 25)
        #expect(try SMTPURL("smtps://mail.example.org").port == 465)
        #expect(try SMTPURL("smtp://mail.example.org").security == .opportunistic)
        #expect(try SMTPURL("smtp://[::1]:2525").host == "[::1]")
    }

    @Test func `a password is sent to another machine only with TLS, unless configured otherwise`() throws {
        #expect(try SMTPURL("smtp://u:p@mail.example.org").security == .required)
        #expect(try SMTPURL("smtp://u:p@127.evil.example.org").security == .required)
        #expect(try SMTPURL("smtp://u:p@mail.example.org?tls=opportunistic").security == .opportunistic)
        #expect(try SMTPURL("smtp://u:p@mail.example.org?tls=off").security == .off)
        #expect(try SMTPURL("smtp://u:p@127.0.0.1:2525").security == .opportunistic)
        #expect(try SMTPURL("smtp://u:p@localhost").security == .opportunistic)
    }

    @Test func `the password does not appear in any description`() throws {
        let url = try SMTPURL("smtp://ana:hunter22@mail.example.org:587")
        var dumped = ""
        dump(url, to: &dumped)
        for shown in ["\(url)", String(reflecting: url), dumped] { #expect(!shown.contains("hunter22")) }
        #expect("\(url)" == "smtp://mail.example.org:587")
    }

    @Test(arguments: [
        ("", SMTPURLError.badScheme), ("mail.example.org", .badScheme), ("http://a", .badScheme),
        ("SMTP://a", .badScheme),
        ("smtp://", .badHost), ("smtp://a b", .notAURL), ("smtp://a\r\nb", .notAURL), ("smtp://ä", .notAURL),
        ("smtp://u@h", .badCredentials), ("smtp://:p@h", .badCredentials), ("smtp://u%0d:p@h", .badCredentials),
        ("smtp://u%zz:p@h", .badCredentials), ("smtp://u%2:p@h", .badCredentials), ("smtp://u%ff:p@h", .badCredentials),
        ("smtp://h:0", .badPort), ("smtp://h:65536", .badPort), ("smtp://h:+25", .badPort), ("smtp://h:", .badPort),
        ("smtp://h_x", .badHost), ("smtp://[::1", .badHost), ("smtp://[::1]x", .badHost), ("smtp://[x]", .badHost),
        ("smtp://h?tls=maybe", .badOption), ("smtp://h?tls", .badOption), ("smtp://h?tsl=off", .badOption),
        ("smtp://h?ca=", .badOption), ("smtp://h/a/b", .badGreetingName), ("smtp://h/%0d%0aRSET", .badGreetingName),
    ])
    func `an invalid setting is refused with a reason`(setting: (text: String, error: SMTPURLError)) {
        #expect(throws: setting.error) { try SMTPURL(setting.text) }
    }
}
