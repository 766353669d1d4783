// Checks every vector with Java's own Signature and nothing else: java Verify.java
// Prints "name<TAB>valid|invalid" for each, and exits 1 if a verdict is not the expected one.

import java.net.URLDecoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

public class Verify {
    static final Pattern ESCAPE =
        Pattern.compile("\\\\(?:u\\{([0-9A-Fa-f]+)\\}|u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))", Pattern.DOTALL);

    record Taken(byte[] signed, String signature) {}

    /** The members of the outermost object, with the exact text of each value. */
    static final class Scanner {
        final String text;
        int at;

        Scanner(String text) {
            this.text = text;
        }

        Map<String, String> members() {
            Map<String, String> found = new HashMap<>();
            blank();
            take('{');
            for (blank(); peek() != '}'; blank()) {
                if (!found.isEmpty()) {
                    take(',');
                    blank();
                }
                String name = string(value());
                blank();
                take(':');
                blank();
                if (found.put(name, value()) != null) {
                    throw new IllegalArgumentException("two members " + name);
                }
            }
            take('}');
            blank();
            if (at != text.length()) {
                throw new IllegalArgumentException("something follows");
            }
            return found;
        }

        /** Passes over one value and returns its text; brackets inside strings do not count. */
        String value() {
            int start = at;
            int depth = 0;
            do {
                char each = peek();
                if (each == '"') {
                    for (at++; peek() != '"'; at++) {
                        if (peek() == '\\') {
                            at++;
                        }
                    }
                } else if (each == '{' || each == '[') {
                    depth++;
                } else if (each == '}' || each == ']') {
                    depth--;
                } else if (depth == 0) {
                    throw new IllegalArgumentException("neither string nor object");
                }
                at++;
            } while (depth > 0);
            return text.substring(start, at);
        }

        void blank() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
        }

        void take(char wanted) {
            if (peek() != wanted) {
                throw new IllegalArgumentException("no " + wanted);
            }
            at++;
        }

        char peek() {
            return text.charAt(at); // Past the end it throws: the message was cut short.
        }
    }

    static String string(String json) {
        if (!json.startsWith("\"")) {
            throw new IllegalArgumentException("no string");
        }
        return evaluated(json.substring(1, json.length() - 1));
    }

    /** What a literal with this between its quotes stands for, in JSON and in JavaScript. */
    static String evaluated(String text) {
        Matcher found = ESCAPE.matcher(text);
        StringBuilder plain = new StringBuilder();
        while (found.find()) {
            String code = found.group(1) != null ? found.group(1) : found.group(2) != null ? found.group(2) : found.group(3);
            String said = found.group(4);
            int simple = said == null ? -1 : "nrtbf".indexOf(said);
            if (code != null) {
                said = Character.toString(Integer.parseInt(code, 16));
            } else if (simple >= 0) {
                said = "\n\r\t\b\f".substring(simple, simple + 1);
            }
            found.appendReplacement(plain, Matcher.quoteReplacement(said));
        }
        return found.appendTail(plain).toString();
    }

    /** The bytes of a signature: base64, base64 of base64, or percent-encoded base64. */
    static byte[] decoded(String text, int length) {
        String current = text.contains("%") ? URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8) : text;
        for (int turn = 0; turn < 2; turn++) {
            current = current.strip();
            if (current.length() % 4 != 0) {
                break; // Java's decoder would forgive a missing =.
            }
            byte[] raw = Base64.getDecoder().decode(current);
            if (raw.length == length) {
                return raw;
            }
            current = new String(raw, StandardCharsets.ISO_8859_1);
        }
        throw new IllegalArgumentException("no signature of this key's size");
    }

    static Taken taken(String form, String member, byte[] message) throws Exception {
        String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(message)).toString();
        if (form.equals("address")) {
            String query = text.split("#", 2)[0].split("\\?", 2)[1];
            int at = query.lastIndexOf("&signature=");
            String signature = query.substring(at + 11);
            if (at < 0 || signature.contains("&")) {
                throw new IllegalArgumentException("no signature at the end");
            }
            String signed = "tillgate-return-v1\n" + query.substring(0, at);
            return new Taken(signed.getBytes(StandardCharsets.UTF_8), signature);
        }
        Map<String, String> found = new Scanner(form.equals("literal") ? evaluated(text) : text).members();
        String signed = found.getOrDefault(member, "");
        if (!signed.startsWith("{")) {
            throw new IllegalArgumentException("no object " + member);
        }
        return new Taken(signed.getBytes(StandardCharsets.UTF_8), string(found.get("signature")));
    }

    static PublicKey key(Path folder, String name) throws Exception {
        String line = Files.readString(folder.resolve("keys").resolve(name + ".public.txt")).strip();
        return KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(line)));
    }

    static boolean verdict(Path folder, String[] row) {
        try {
            Taken taken = taken(row[1], row[2], Base64.getDecoder().decode(row[6]));
            Signature check = Signature.getInstance(row[3].equals("RSA2") ? "SHA256withRSA" : "SHA1withRSA");
            check.initVerify(key(folder, row[4]));
            check.update(taken.signed());
            return check.verify(decoded(taken.signature(), Integer.parseInt(row[4].split("-")[1]) / 8));
        } catch (Exception refused) {
            return false; // No message of this protocol, or no signature: refused before it is checked.
        }
    }

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments.length > 0 ? arguments[0] : "..");
        boolean differ = false;
        StringBuilder told = new StringBuilder();
        for (String line : Files.readAllLines(folder.resolve("vectors.tsv"))) {
            String[] row = line.split("\t");
            if (row[0].equals("name")) {
                continue;
            }
            String said = verdict(folder, row) ? "valid" : "invalid";
            told.append(row[0]).append('\t').append(said).append('\n');
            differ |= !said.equals(row[5]);
        }
        System.out.print(told);
        System.exit(differ ? 1 : 0);
    }
}
