import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.MessageProperties;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * Publishes to one user, as a service would: plain AMQP, nothing of the relay's.
 * AMQP_URL=amqp://… java -cp amqp-client.jar:slf4j-api.jar examples/Publish.java user text
 */
public class Publish {
  public static void main(String[] args) throws Exception {
    var factory = new ConnectionFactory();
    factory.setUri(System.getenv("AMQP_URL"));
    try (var connection = factory.newConnection(); var channel = connection.createChannel()) {
      channel.confirmSelect();
      channel.basicPublish(
          "relay.user",
          word(args[0]) + ".topic.reply",
          MessageProperties.PERSISTENT_TEXT_PLAIN,
          args[1].getBytes(StandardCharsets.UTF_8));
      channel.waitForConfirmsOrDie(5000);
    }
    System.out.println("the broker has confirmed the message for " + args[0]);
  }

  /** One word of the routing key: percent-encoded as encodeURIComponent does, with the dot and the asterisk too. */
  static String word(String user) {
    return URLEncoder.encode(user, StandardCharsets.UTF_8)
        .replace("+", "%20").replace("%21", "!").replace("%27", "'").replace("%28", "(").replace("%29", ")")
        .replace("%7E", "~").replace(".", "%2E").replace("*", "%2A");
  }
}
