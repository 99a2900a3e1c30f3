/// Common parts of passwords in many languages, unordered: words for passwords, names, places, seasons, teams, animals, popular things,
/// and terms of this product. Accents and spaces are ignored.
enum CommonWords {
    static let all: [String] = [passwords, places, people, time, nature, play, school, work, parts]
        .flatMap { $0.split(whereSeparator: \.isWhitespace).map(String.init) }

    private static let passwords = """
        password passwords passwort kennwort parole parool wachtwoord motdepasse contrasena contraseña clave senha palavrapasse
        parola haslo hasło heslo jelszo lösenord losenord passord adgangskode salasana sifre şifre lozinka geslo пароль parol
        κωδικός パスワード 密码 mima 비밀번호 kodeord passphrase passwd passw passcode pass pwd pword mypassword thepassword
        secret secrets geheim geheimnis segreto secreto segredo tajne topsecret mysecret admin administrator
        administrador amministratore root superuser sysadmin user username usuario utilisateur benutzer guest gast invitado
        login logon signin letmein letmeinnow openup opensesame sesame sesamo access zugang changeme changeit change
        default temporary temp tempo test testing tester test1 probe prueba demo sample example beispiel
        welcome willkommen bienvenue bienvenido benvenuto bemvindo welkom witam hello hallo hola ciao bonjour helloworld
        hi hey goodbye trustno trustno1 nothing nada nichts whatever unknown incorrect wrong none empty blank
        qwerty qwertz azerty qwertyuiop asdf asdfgh asdfghjkl zxcvbn zxcvbnm qazwsx 1qaz 2wsx йцукен
        abc abcd abc123 aaa xxx zzz iloveyou iloveu loveyou ilove tequiero teamo tiamo jetaime ichliebedich
        ikhouvanjou loveme lover forever youandme everyone nobody somebody someone
        """

    private static let places = """
        germany deutschland france frankreich spain espana españa italy italia england britain london londres scotland
        ireland wales america usa unitedstates canada mexico brasil brazil argentina chile colombia peru india pakistan
        china japan nippon korea russia rossiya россия ukraine украина polska poland turkey turkiye türkiye greece hellas
        egypt israel africa nigeria kenya australia sydney melbourne newyork brooklyn chicago boston dallas texas
        california florida losangeles miami seattle lasvegas hollywood paris marseille lyon berlin hamburg munich
        münchen muenchen köln koeln cologne frankfurt stuttgart dortmund leipzig dresden wien vienna österreich austria
        zürich schweiz switzerland madrid barcelona valencia sevilla roma rome milano milan napoli torino firenze venezia
        lisboa lisbon porto amsterdam rotterdam holland nederland brussels belgium stockholm sverige sweden oslo norway
        denmark copenhagen helsinki finland suomi moscow moskva москва warszawa krakow praha prague budapest istanbul
        ankara athens tokyo beijing shanghai singapore bangkok mumbai delhi jakarta manila saopaulo europe europa home
        casa house haus world welt mundo monde earth heaven paradise city stadt street
        """

    private static let people = """
        michael michelle michele miguel michel daniel daniela daniele david davide thomas tomas thommy christian christina
        christopher chris matthew matthias matteo mathieu andrew andreas andrea andre andrei anthony antonio anton joshua
        james john johnny johannes jan jens peter pedro pierre paul paulo pablo paola maria marie mario mariana mary
        anna anne annie ana anita anastasia alexander alexandra alexandre alejandro alessandro alex sandra sabrina
        robert roberto rob bob william wilhelm george georg giorgio jorge joseph jose giuseppe josef steven stefan
        stefano stephanie steve kevin brian ryan justin jason jessica jennifer jenny julia julian juliane giulia nicole
        nicolas nikolas nicola nick laura lauren lena leon leonardo lisa elisabeth elizabeth emily emma emilia sarah sara
        samantha sam sophie sofia sofie hannah hanna charlotte charlie carlos carlo carla karl karla claudia frank
        francesco francisco francois franz fernando felix florian fabian tobias sebastian simon simone samuel lucas lukas
        luca luis luigi louis ludwig max maximilian martin martina marco marcus markus marc mark manuel ricardo richard
        patrick oliver olivia oscar oskar victor viktor victoria veronika vanessa valentina tina tanja tatiana natasha
        natalie nathalie nadine monica monika melanie melissa amanda ashley amber angela angel angelo angelina barbara
        brandon bruno camila catherine katharina kathrin katie kate caroline carolina diana diego dominik edward eduardo
        eric erik eva gabriel gabriela hans heinz helena henry heinrich ivan igor irina isabel isabella ingrid jack jacob
        jakob jonathan jonas jordan juan kim kyle linda marina mohamed mohammed muhammad mehmet mustafa ahmed ali fatima
        olga olena sergey svetlana dmitri vladimir yuri rachel rebecca ronaldo rosa ruth sean susan susanne tyler walter
        wolfgang yvonne zoe mama mami mamma mutter mother mom papa papi vater father dad daddy schatz schatzi honey baby
        babe babygirl babyboy darling liebling amor amore amour princess prinzessin princesa principessa princesse
        prinz prince king queen könig koenig reina rey boss chef friend friends freund freunde amigo amigos family
        familie familia famiglia jesus christ god gott dios allah buddha angelito
        """

    private static let time = """
        summer sommer verano ete été estate verao zomer lato yaz лето winter invierno hiver inverno zima зима spring
        frühling fruehling primavera printemps lente wiosna autumn fall herbst otoño otono automne autunno herfst
        january januar enero janvier gennaio february februar febrero march märz marzo mars april avril abril aprile
        may mai mayo maggio june juni junio juin giugno july juli julio juillet luglio august agosto aout september
        septiembre septembre settembre october oktober octubre octobre ottobre november noviembre novembre december
        dezember diciembre decembre dicembre monday montag lunes lundi lunedi tuesday dienstag martes wednesday mittwoch
        thursday donnerstag friday freitag viernes vendredi venerdi saturday samstag sunday sonntag domingo weekend
        today heute tomorrow morgen birthday geburtstag christmas weihnachten navidad noel easter ostern holiday holidays
        vacation urlaub ferien year newyear neujahr
        """

    private static let nature = """
        dragon drache monkey affe mono singe tiger tigre lion löwe loewe leon bear bär wolf lobo eagle adler falcon hawk
        horse pferd caballo cheval dog dogs hund perro chien cane cat cats katze gato chat gatto kitty kitten puppy hase
        bunny rabbit mouse maus fish shark spider snake phoenix unicorn einhorn panther cobra bull cow pig elephant
        dolphin delfin butterfly schmetterling mariposa papillon farfalla bird vogel ninja pirate knight sun sunshine
        sonne sonnenschein soleil sole sol moon mond luna star stern stella estrella stars sky himmel cielo ocean meer
        mar water wasser agua fire feuer fuego ice rain storm thunder shadow schatten sombra rainbow regenbogen flower
        flowers blume blumen flor fleur rose rosen tree baum apple apfel banana orange lemon cherry strawberry chocolate
        schokolade cookie cookies candy sugar zucker honig coffee kaffee beer bier pizza cheese käse butter pepper
        ginger vanilla peanut diamond silver silber gold golden crystal black schwarz negro noir nero white weiss blanco
        blanc bianco red rot rojo rouge rosso blue blau azul bleu azzurro green grün verde vert yellow gelb amarillo
        purple pink orange
        """

    private static let play = """
        football fussball fußball futbol fútbol futebol calcio soccer baseball basketball hockey tennis golf volleyball
        handball swimming running cycling boxing wrestling chess schach poker gaming gamer games game juego spiel
        playstation xbox nintendo minecraft fortnite pokemon pikachu mario zelda sonic warcraft counterstrike roblox
        bayern borussia bvb schalke werder juventus juve inter milan napoli realmadrid barca barcelona atletico arsenal
        chelsea liverpool manchester united everton tottenham celtic rangers ajax feyenoord psv psg olympique marseille
        benfica sporting galatasaray fenerbahce besiktas flamengo corinthians palmeiras boca river yankees lakers
        cowboys steelers packers eagles patriots raiders giants dodgers redsox messi neymar beckham zidane champion
        champions winner victory superman batman spiderman ironman avengers hulk thor joker starwars jedi skywalker
        vader yoda matrix startrek harrypotter hogwarts gandalf hobbit frodo naruto goku sailor hellokitty barbie mickey
        mickeymouse donald snoopy garfield simpson metallica nirvana beatles eminem rammstein queen music musik musica
        guitar gitarre piano rock rocknroll metal punk disco dance party ferrari porsche mercedes bmw audi volkswagen
        toyota honda yamaha harley mustang camaro corvette
        """

    private static let school = """
        learn learning learninghub learner hub elearning lernen leren aprender apprendre imparare study studying studium
        student students estudiante etudiant studente schüler schueler pupil teacher teachers teaching lehrer lehrerin
        profesor professor professeur maestro maestra tutor school schule escuela ecole école scuola escola skola okul
        college university universität universitaet uni universidad université academy akademie academia course courses
        kurs kurse curso cours corso class classroom klasse klassenzimmer lesson lektion homework hausaufgaben exam
        examen prüfung quiz grade education bildung educacion knowledge wissen campus library bibliothek book books buch
        bücher libro livre math maths mathe english deutsch espanol francais science history geschichte diploma
        certificate graduate alumni
        """

    private static let work = """
        company firma empresa office büro buero business manager director service support helpdesk server network
        netzwerk computer komputer rechner laptop macbook iphone android samsung windows microsoft office365 linux
        ubuntu apple google facebook instagram twitter youtube tiktok whatsapp telegram amazon netflix paypal yahoo
        gmail hotmail internet online website webmaster database oracle postgres mysql system security sicherheit
        firewall router cisco software hardware program developer coding python java javascript docker github money geld
        dinero argent soldi bitcoin crypto bank account konto cuenta private privat email mail mailbox info contact
        hacker hacked
        """

    /// Common prefixes and suffixes.
    private static let parts = """
        the and for you your our this that with from new old big little super mega ultra best good great cool happy lucky
        crazy sexy sweet pretty beautiful smile dream dreams hope peace freedom liberty libertad freiheit liberte love
        loves liebe heart herz coeur corazon cuore amo life leben vida vie vita death killer power master first last one
        two three four five six seven eight nine ten hundred million eins zwei drei uno dos tres number nummer please
        bitte thanks danke gracias merci grazie yes ja si oui no nein non mein meine mi mon ma is ist es der die das le
        la il el my me not
        """
}
