import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Runs the lines of a script against a broker: VERB PROPERTIES-FILE ARGUMENTS, separated by tabs, `\n` for a line break. */
public class TestClient {
  public static void main(String[] arguments) throws Exception {
    for (String line : Files.readAllLines(Path.of(arguments[0]))) {
      String[] words = line.split("\t");
      for (int index = 0; index < words.length; index++) words[index] = words[index].replace("\\n", "\n");
      Properties properties = new Properties();
      try (var reader = Files.newBufferedReader(Path.of(words[1]))) {
        properties.load(reader);
      }
      run(words, properties);
    }
  }

  private static void run(String[] words, Properties properties) throws Exception {
    switch (words[0]) {
      case "create" -> {
        try (Admin admin = Admin.create(properties)) {
          admin.createTopics(List.of(new NewTopic(words[2], 1, (short) 1))).all().get();
        }
      }
      case "deny" -> {
        var resource = new ResourcePattern(ResourceType.TOPIC, words[2], PatternType.PREFIXED);
        var entry = new AccessControlEntry(words[3], "*", AclOperation.DESCRIBE, AclPermissionType.DENY);
        try (Admin admin = Admin.create(properties)) {
          admin.createAcls(List.of(new AclBinding(resource, entry))).all().get();
        }
      }
      case "produce" -> {
        try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
          producer.send(new ProducerRecord<>(words[2], "value")).get();
        }
      }
      case "consume" -> {
        properties.putAll(Map.of("group.id", words[3], "auto.offset.reset", "earliest"));
        try (var consumer = new KafkaConsumer<>(properties, new StringDeserializer(), new StringDeserializer())) {
          consumer.subscribe(List.of(words[2]));
          for (int tries = 0; tries < 30 && consumer.poll(Duration.ofMillis(500)).isEmpty(); tries++);
        } catch (org.apache.kafka.common.errors.AuthorizationException expected) {
          System.out.println("denied " + words[2]);
        }
      }
      default -> throw new IllegalArgumentException(words[0]);
    }
  }
}
