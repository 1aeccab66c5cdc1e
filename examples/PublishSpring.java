import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import org.springframework.amqp.core.MessageBuilder;
import org.springframework.amqp.core.MessageDeliveryMode;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.core.RabbitTemplate;

/**
 * Publishes to one user with Spring's RabbitTemplate (org.springframework.amqp:spring-rabbit). In an application, Spring Boot makes
 * the template of spring.rabbitmq.* and spring.rabbitmq.publisher-confirm-type=simple.
 * AMQP_URL=amqp://… java -cp 'lib/*' examples/PublishSpring.java user text
 */
public class PublishSpring {
  public static void main(String[] args) {
    var factory = new CachingConnectionFactory(URI.create(System.getenv("AMQP_URL")));
    factory.setPublisherConfirmType(CachingConnectionFactory.ConfirmType.SIMPLE);
    var template = new RabbitTemplate(factory);
    var message =
        MessageBuilder.withBody(args[1].getBytes(StandardCharsets.UTF_8))
            .setContentType("text/plain")
            .setMessageId(UUID.randomUUID().toString())
            .setDeliveryMode(MessageDeliveryMode.PERSISTENT)
            .build();
    // One channel for both, or the confirm would be waited for on another one.
    template.invoke(
        channel -> {
          channel.send("relay.user", word(args[0]) + ".topic.reply", message);
          channel.waitForConfirmsOrDie(5000);
          return null;
        });
    factory.destroy();
    System.out.println("the broker has confirmed the message for " + args[0]);
  }

  /** One word of the routing key: percent-encoded as encodeURIComponent does, with the dot and the asterisk too. */
  static String word(String user) {
    return URLEncoder.encode(user, StandardCharsets.UTF_8)
        .replace("+", "%20").replace("%21", "!").replace("%27", "'").replace("%28", "(").replace("%29", ")")
        .replace("%7E", "~").replace(".", "%2E").replace("*", "%2A");
  }
}
